#include "engine/step_time.h"

#include <gtest/gtest.h>

#include <random>

namespace estoc {
namespace {

constexpr StepTimeModel::Coefficients kTruth = {.step = 12e-3, .row = 0.5e-3, .logit_row = 0.4e-3, .attended = 2e-8};

double true_time(const StepWork& work) {
  return kTruth.step + kTruth.row * work.rows + kTruth.logit_row * work.logit_rows +
         kTruth.attended * static_cast<double>(work.attended);
}

StepWork random_work(std::mt19937& random) {
  StepWork work;
  const int decodes = static_cast<int>(random() % 20);
  for (int i = 0; i < decodes; ++i) work.add_rows(static_cast<int>(random() % 4000), 1);
  work.logit_rows = decodes;
  if (random() % 2 == 0 || decodes == 0)
    work.add_rows(static_cast<int>(random() % 4000), 1 + static_cast<int>(random() % 200));
  return work;
}

TEST(StepWork, CountsWhatEachRowLooksAt) {
  StepWork work;
  work.add_rows(10, 3);
  EXPECT_EQ(work.rows, 3);
  EXPECT_EQ(work.attended, 11 + 12 + 13);
}

TEST(StepTimeModel, FindsTheMachineFromAGuessTenTimesOff) {
  for (const double off : {0.1, 10.0}) {
    StepTimeModel model({kTruth.step * off, kTruth.row * off, kTruth.logit_row * off, kTruth.attended * off});
    std::mt19937 random(1);
    for (int i = 0; i < 100; ++i) {
      const StepWork work = random_work(random);
      model.learn(work, true_time(work));
    }
    for (int i = 0; i < 50; ++i) {
      const StepWork work = random_work(random);
      EXPECT_NEAR(model.predict(work), true_time(work), 0.1 * true_time(work)) << off;
    }
  }
}

TEST(StepTimeModel, FollowsAMachineThatSlowsDownAndForgivesAnOutlier) {
  StepTimeModel model(kTruth);
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    const StepWork work = random_work(random);
    model.learn(work, 2 * true_time(work));
  }
  const StepWork work = random_work(random);
  EXPECT_NEAR(model.predict(work), 2 * true_time(work), 0.2 * true_time(work));
  model.learn(work, 100 * true_time(work));
  EXPECT_LT(model.predict(work), 4 * true_time(work));
}

// Thousands of decodes alone say nothing about prompts; a prompt's time must not become nonsense.
TEST(StepTimeModel, WhatIsNotSeenStaysSane) {
  StepTimeModel model(kTruth);
  StepWork decode;
  decode.add_rows(500, 1);
  decode.logit_rows = 1;
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    const double noise = 0.9 + 0.2 * static_cast<double>(random() % 1000) / 1000;
    model.learn(decode, noise * true_time(decode));
  }
  StepWork prompt;
  prompt.add_rows(0, 200);
  EXPECT_GT(model.predict(prompt), 0.3 * true_time(prompt));
  EXPECT_LT(model.predict(prompt), 3 * true_time(prompt));
}

}  // namespace
}  // namespace estoc
