#include "engine/step_time.h"

#include <gtest/gtest.h>

#include <random>

#include "models/model.h"

namespace estoc {
namespace {

constexpr StepCosts kTruth = {.step = 12e-3, .row = 0.5e-3, .logit_row = 0.4e-3, .read = 5e-6, .attended = 1e-7};

double true_time(const StepWork& work) {
  return kTruth.step + kTruth.row * work.rows + kTruth.logit_row * work.logit_rows +
         kTruth.read * static_cast<double>(work.read) + kTruth.attended * static_cast<double>(work.attended);
}

StepWork decodes(std::mt19937& random, int count) {
  StepWork work;
  for (int i = 0; i < count; ++i) work.add_rows(static_cast<int>(random() % 4000), 1);
  work.logit_rows = count;
  return work;
}

StepWork random_work(std::mt19937& random) {
  const int count = static_cast<int>(random() % 20);
  StepWork work = decodes(random, count);
  if (random() % 2 == 0 || count == 0) {
    work.add_rows(static_cast<int>(random() % 4000), 1 + static_cast<int>(random() % 200));
  }
  return work;
}

double noise(std::mt19937& random) { return 0.9 + 0.2 * static_cast<double>(random() % 1000) / 1000; }

TEST(StepWork, CountsWhatIsReadAndWhatEachRowLooksAt) {
  StepWork work;
  work.add_rows(10, 3);
  EXPECT_EQ(work.rows, 3);
  EXPECT_EQ(work.read, 13);
  EXPECT_EQ(work.attended, 11 + 12 + 13);
}

TEST(StepTimeModel, FindsTheMachineFromAGuessThirtyTimesOff) {
  for (const double off : {0.03, 1.0, 30.0}) {
    StepTimeModel model(
        {kTruth.step * off, kTruth.row / off, kTruth.logit_row * off, kTruth.read / off, kTruth.attended * off});
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
      const StepWork work = random_work(random);
      model.learn(work, noise(random) * true_time(work));
    }
    for (int i = 0; i < 50; ++i) {
      const StepWork work = random_work(random);
      EXPECT_NEAR(model.predict(work), true_time(work), 0.15 * true_time(work)) << off;
    }
  }
}

TEST(StepTimeModel, AFewStepsAreEnoughForAnIdea) {
  StepTimeModel model(
      {kTruth.step * 10, kTruth.row * 10, kTruth.logit_row * 10, kTruth.read * 10, kTruth.attended * 10});
  std::mt19937 random(4);
  for (int i = 0; i < 8; ++i) {
    const StepWork work = random_work(random);
    model.learn(work, true_time(work));
  }
  const StepWork work = random_work(random);
  EXPECT_NEAR(model.predict(work), true_time(work), 0.5 * true_time(work));
}

TEST(StepTimeModel, FollowsAMachineThatSlowsDownAndForgivesAnOutlier) {
  StepTimeModel model(kTruth);
  std::mt19937 random(2);
  for (int i = 0; i < 400; ++i) {
    const StepWork work = random_work(random);
    model.learn(work, 2 * true_time(work));
  }
  const StepWork work = random_work(random);
  EXPECT_NEAR(model.predict(work), 2 * true_time(work), 0.2 * true_time(work));
  model.learn(work, 100 * true_time(work));
  EXPECT_NEAR(model.predict(work), 2 * true_time(work), 0.2 * true_time(work));
}

// Thousands of decodes say nothing about prompts; what prompts cost is not forgotten over them.
TEST(StepTimeModel, RemembersWhatPromptsCost) {
  StepTimeModel model({kTruth.step, kTruth.row * 5, kTruth.logit_row, kTruth.read, kTruth.attended});
  std::mt19937 random(3);
  StepWork prompt;
  prompt.add_rows(0, 200);
  for (int i = 0; i < 20; ++i) model.learn(prompt, true_time(prompt));
  for (int i = 0; i < 20000; ++i) {
    const StepWork work = decodes(random, 1 + i % 3);
    model.learn(work, noise(random) * true_time(work));
  }
  EXPECT_NEAR(model.predict(prompt), true_time(prompt), 0.15 * true_time(prompt));
}

// 10 GB/s, 50 G multiply-adds a second, 200 G in attention; the rows of the output matrix cost only those who sample.
TEST(StepTimeModel, TheFirstGuessFollowsFromTheModelsSize) {
  ModelInfo info;
  info.vocab = 1000;
  info.hidden = 100;
  info.parameter_count = 1'100'000;
  info.weight_bytes = 2'000'000;
  info.layers = 2;
  info.heads = 4;
  info.head_dim = 8;
  const StepCosts guess = StepTimeModel::guess_for(info, 1000);
  EXPECT_NEAR(guess.step, 100e-6 + 200e-6, 1e-9);
  EXPECT_NEAR(guess.row, 1e-6 + 20e-6, 1e-9);
  EXPECT_NEAR(guess.logit_row, 1e-6 + 2e-6, 1e-9);
  EXPECT_NEAR(guess.read, 100e-9, 1e-9);
  EXPECT_NEAR(guess.attended, 0.1e-9 + 2 * 2 * 4 * 8 / 200e9, 1e-12);
  EXPECT_NEAR(StepTimeModel::guess_for(info, 1000, {.macs_a_second = 500e9}).row, 1e-6 + 2e-6, 1e-9);
  info.parameter_count = 50'000;  // shared matrices may be counted once
  EXPECT_NEAR(StepTimeModel::guess_for(info, 1000).row, 1e-6, 1e-9);
}

TEST(StepTimeModel, ItsCostsAreWhatItPredictsWith) {
  StepTimeModel model(kTruth);
  std::mt19937 random(6);
  for (int i = 0; i < 40; ++i) {
    const StepWork work = random_work(random);
    model.learn(work, 3 * kTruth.step + 2 * true_time(work));  // so that every cost has a factor of its own
  }
  const StepCosts costs = model.costs();
  const StepWork work = random_work(random);
  const double sum = costs.step + costs.row * work.rows + costs.logit_row * work.logit_rows +
                     costs.read * static_cast<double>(work.read) + costs.attended * static_cast<double>(work.attended);
  EXPECT_NEAR(model.predict(work), sum, 1e-9 * sum);
}

TEST(StepTimeModel, LearnsFromOneStreamAlone) {
  StepTimeModel model({kTruth.step * 5, kTruth.row * 5, kTruth.logit_row * 5, kTruth.read * 5, kTruth.attended * 5});
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    const StepWork work = decodes(random, 1);
    model.learn(work, true_time(work));
  }
  const StepWork work = decodes(random, 1);
  EXPECT_NEAR(model.predict(work), true_time(work), 0.1 * true_time(work));
}

// One sequence alone at first and for long: costs that it cannot tell apart must not make company look impossible.
TEST(StepTimeModel, OneStreamAloneSaysLittleAboutCompany) {
  StepTimeModel model(kTruth);
  std::mt19937 random(5);
  for (int i = 0; i < 5000; ++i) {
    StepWork work;
    work.add_rows(300 + i % 64, 1);
    work.logit_rows = 1;
    model.learn(work, noise(random) * true_time(work));
  }
  const StepWork four = decodes(random, 4);
  EXPECT_LT(model.predict(four), 4 * true_time(four));
}

}  // namespace
}  // namespace estoc
