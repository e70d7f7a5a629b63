// A step's events and what stats() say meanwhile.
#include "engine/step.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "engine/test_event_inbox.h"
#include "runner/local_runner.h"

namespace estoc {
namespace {

class StepperTest : public testing::Test {
 protected:
  void add(EventSink sink) {
    stepper_.add(
        std::make_unique<Sequence>(++last_id_, Request{.prompt = {1, 2}, .tokens_max = 3}, std::move(sink), 1));
  }

  FakeModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_{runner_, config_with_blocks(12)};
  RequestId last_id_ = 0;
};

TEST_F(StepperTest, DeliveryAloneChangesNoStats) {
  uint64_t tokens_seen = 0;
  add([&](Event&&) { tokens_seen = stepper_.stats().output_tokens; });
  for (uint64_t step = 1; step <= 3; ++step) {
    stepper_.step();
    EXPECT_EQ(stepper_.stats().output_tokens, step);
    EXPECT_EQ(stepper_.deliver(), 0);
    EXPECT_EQ(tokens_seen, step);
  }
  EXPECT_EQ(stepper_.stats().requests_done, 1u);
  EXPECT_EQ(stepper_.deliver(), 0);
}

TEST_F(StepperTest, CountsTheSinksThatThrow) {
  int event_count = 0;
  add([](Event&&) {});
  add([&](Event&& event) {
    ++event_count;
    if (!event.finish) throw std::runtime_error("broken caller");
  });
  stepper_.step();
  EXPECT_EQ(stepper_.stats().running, 2);
  EXPECT_EQ(stepper_.deliver(), 1);
  EXPECT_EQ(event_count, 2);
  EXPECT_EQ(stepper_.stats().running, 1);
  EXPECT_EQ(stepper_.stats().requests_cancelled, 1u);
}

}  // namespace
}  // namespace estoc
