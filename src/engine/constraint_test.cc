// Requests whose answers keep to a constraint.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/step.h"
#include "engine/test_event_inbox.h"
#include "engine/test_fake_constraint.h"
#include "runner/local_runner.h"

namespace estoc {
namespace {

constexpr TokenId kEnd = 7, kOtherEnd = 9;

// The tokens of a text, one after the other: all of them forced but the one at `choice`, where any but an end may come.
class TextConstraint final : public TokenConstraint {
 public:
  TextConstraint(std::vector<TokenId> text, size_t choice) : text_(std::move(text)), choice_(choice) {}

  std::unique_ptr<ConstraintPlace> start(std::span<const TokenId> ends, std::span<const TokenId>) const override {
    return std::make_unique<Place>(*this, ends.empty() ? -1 : ends.front());
  }

 private:
  class Place : public ConstraintPlace {
   public:
    Place(const TextConstraint& of, TokenId end) : of_(of), end_(end) {}
    bool accept(TokenId token) override {
      const auto forced = this->forced();
      if (has_ended_ || (!forced.empty() && token != forced.front())) return false;
      has_ended_ = at_++ == of_.text_.size();
      return true;
    }
    void roll_back(size_t tokens) override { at_ -= tokens, has_ended_ = false; }
    bool has_ended() const override { return has_ended_; }
    std::span<const TokenId> forced() const override {
      forced_.clear();
      for (size_t i = at_; i < of_.text_.size() && i != of_.choice_; ++i) forced_.push_back(of_.text_[i]);
      const bool is_all = at_ + forced_.size() == of_.text_.size();
      if (is_all && !has_ended_ && end_ >= 0) forced_.push_back(end_);
      return forced_;
    }
    const std::string& failure() const override { return failure_; }
    void restrict(TokenMask& mask, std::span<const TokenId>) const override {
      if (const auto forced = this->forced(); !forced.empty()) return mask.allow_only(forced.front());
      if (at_ != of_.choice_) return mask.allow_only(-1);
      for (const TokenId end : {kEnd, kOtherEnd}) mask.forbid(end);
    }

   private:
    const TextConstraint& of_;
    const TokenId end_;
    size_t at_ = 0;
    bool has_ended_ = false;
    mutable std::vector<TokenId> forced_;
    std::string failure_;
  };

  const std::vector<TokenId> text_;
  const size_t choice_;
};

class ConstraintTest : public testing::Test {
 protected:
  std::vector<Event> run(Request request) {
    const RequestId id = ++last_id_;
    auto place = Sequence::start_constraint(request);
    stepper_.add(std::make_unique<Sequence>(id, std::move(request), inbox_.sink(), 1, std::move(place)));
    while (!stepper_.is_idle()) {
      stepper_.step();
      stepper_.check_integrity();
      stepper_.deliver();
    }
    return inbox_.wait_for_all(id);
  }
  static std::vector<TokenId> tokens_of(const std::vector<Event>& events) {
    std::vector<TokenId> tokens;
    for (const Event& event : events) {
      if (event.token) tokens.push_back(*event.token);
    }
    return tokens;
  }

  FakeModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_{runner_, config_with_blocks(12)};
  Inbox inbox_;
  RequestId last_id_ = 0;
};

Request request_with(std::shared_ptr<const TokenConstraint> constraint) {
  Request request{.prompt = {1, 2}, .tokens_max = 20, .end_tokens = {kEnd, kOtherEnd}};
  request.constraint = std::move(constraint);
  return request;
}

TEST_F(ConstraintTest, ForcedTokensTakeNoStepAndNeitherDoesTheEnd) {
  const std::vector<Event> events =
      run(request_with(std::make_shared<TextConstraint>(std::vector<TokenId>{11, 12, 13, 0, 14, 15}, 3)));
  const std::vector<TokenId> tokens = tokens_of(events);
  ASSERT_EQ(tokens.size(), 7u);
  EXPECT_EQ(std::vector(tokens.begin(), tokens.begin() + 3), (std::vector<TokenId>{11, 12, 13}));
  EXPECT_EQ(std::vector(tokens.begin() + 4, tokens.end()), (std::vector<TokenId>{14, 15, kEnd}));
  EXPECT_EQ(events.back().finish, FinishReason::stop);
  EXPECT_TRUE(events.back().is_stop_token);
  const EngineStats stats = stepper_.stats();
  EXPECT_EQ(stats.steps, 2u);  // behind the prompt, and behind what is forced
  EXPECT_EQ(stats.forced_tokens, 2u + 3);
  EXPECT_EQ(stats.output_tokens, 7u);
  EXPECT_EQ(model_.row_count, 2u + 3);
}

TEST_F(ConstraintTest, LogprobsOfForcedTokensAreComputedAndTheTokensTheSame) {
  const auto constraint = std::make_shared<TextConstraint>(std::vector<TokenId>{11, 12, 13, 0, 14, 15}, 3);
  const std::vector<TokenId> skipped = tokens_of(run(request_with(constraint)));
  Request request = request_with(constraint);
  request.sampling.logprobs = 1;
  request.sampling.temperature = 0;
  const uint64_t steps = stepper_.stats().steps;
  const std::vector<Event> events = run(request);
  const std::vector<TokenId> tokens = tokens_of(events);
  EXPECT_EQ(stepper_.stats().steps - steps, 7u);
  for (const Event& event : events) ASSERT_TRUE(event.logprobs);
  request.sampling.logprobs = -1;
  EXPECT_EQ(tokens_of(run(request)), tokens);
}

TEST_F(ConstraintTest, ForcedTokensEndAtTheMostThatWasAskedFor) {
  Request request = request_with(std::make_shared<TextConstraint>(std::vector<TokenId>{11, 12, 13, 14, 15}, 9));
  request.tokens_max = 3;
  const std::vector<Event> events = run(request);
  EXPECT_EQ(tokens_of(events), (std::vector<TokenId>{11, 12, 13}));
  EXPECT_EQ(events.back().finish, FinishReason::length);
}

// More of them than a step may have rows: the text is delivered at once and computed in several steps.
TEST_F(ConstraintTest, ManyForcedTokensAreComputedInPieces) {
  std::vector<TokenId> text(20, 11);
  text.push_back(0);
  Request request = request_with(std::make_shared<TextConstraint>(text, 20));
  request.tokens_max = 40;
  const std::vector<Event> events = run(request);
  EXPECT_EQ(events.size(), 22u);
  EXPECT_EQ(events.back().finish, FinishReason::stop);
  EXPECT_EQ(stepper_.stats().steps, 1u + 3);  // 20 rows in batches of 7
}

TEST_F(ConstraintTest, AStopTokenEndsWhatIsForced) {
  Request request = request_with(std::make_shared<TextConstraint>(std::vector<TokenId>{11, 12, 13, 14}, 9));
  request.stop_tokens = {13};
  const std::vector<Event> events = run(request);
  EXPECT_EQ(tokens_of(events), (std::vector<TokenId>{11, 12, 13}));
  EXPECT_EQ(events.back().finish, FinishReason::stop);
}

TEST_F(ConstraintTest, TheEndComesBeforeTheLeastThatWasAskedForWhereNothingElseMay) {
  Request request = request_with(std::make_shared<TextConstraint>(std::vector<TokenId>{11, 12}, 9));
  request.tokens_min = 10;
  request.ignore_end = true;
  const std::vector<Event> events = run(request);
  EXPECT_EQ(tokens_of(events), (std::vector<TokenId>{11, 12, kEnd}));
  EXPECT_EQ(events.back().finish, FinishReason::stop);
}

TEST_F(ConstraintTest, ALimitEndsItsRequestAlone) {
  Request other = request_with(nullptr);
  other.tokens_max = 12;
  other.sampling.temperature = 0;
  other.end_tokens = {};
  stepper_.add(std::make_unique<Sequence>(++last_id_, other, inbox_.sink(), 1));
  const RequestId other_id = last_id_;
  const std::vector<Event> events = run(request_with(std::make_shared<FakeConstraint>(5, kVocab, 30, 4)));
  EXPECT_EQ(events.back().finish, FinishReason::error);
  EXPECT_EQ(events.back().error, "a limit was met");
  EXPECT_EQ(inbox_.completion(other_id), complete_alone(other, kVocab, stepper_.positions_max()));
}

TEST_F(ConstraintTest, AnEmptyMaskIsAnError) {
  Request request = request_with(std::make_shared<TextConstraint>(std::vector<TokenId>{11}, 9));
  request.end_tokens = {};  // nothing may come behind the text
  const std::vector<Event> events = run(request);
  EXPECT_EQ(events.back().finish, FinishReason::error);
  EXPECT_NE(events.back().error.find("every token is forbidden"), std::string::npos) << events.back().error;
}

}  // namespace
}  // namespace estoc
