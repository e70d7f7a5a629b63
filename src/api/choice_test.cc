#include "api/choice.h"

#include <gtest/gtest.h>

#include "api/test_fake_model.h"
#include "api/test_reasoning_splitter.h"

namespace estoc::api {
namespace {

struct Outcome {
  std::vector<std::string> pieces;
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<Part> parts;
  ChoiceEnd end;
};

Outcome run(ChoiceOptions options, std::vector<Event> events,
            std::unique_ptr<PartSplitter> splitter = make_content_splitter()) {
  const FakeTokenizer tokenizer;
  Choice choice(tokenizer, std::move(options), std::move(splitter));
  Outcome outcome;
  for (Event& event : events) {
    const Piece piece = choice.consume(std::move(event));
    outcome.pieces.push_back(text_of(piece.parts));
    outcome.text += text_of(piece.parts);
    for (const Part& part : piece.parts) append_part(outcome.parts, part.kind, part.text);
    for (const TokenRecord& record : piece.tokens) outcome.tokens.push_back(record.token);
    if (choice.end()) break;
  }
  EXPECT_TRUE(choice.end());
  outcome.end = choice.end().value_or(ChoiceEnd{});
  return outcome;
}

std::vector<Event> with_logprobs(std::vector<Event> events) {
  for (Event& event : events) event.logprobs = Logprobs{-1.0f, 1, {}};
  return events;
}

TEST(ChoiceTest, NeverSplitsACharacter) {
  const Outcome outcome = run({}, events_of({'a', 0xE2, 0x82, 0xAC, 'b'}, FinishReason::length));
  EXPECT_EQ(outcome.pieces, (std::vector<std::string>{"a", "", "", "€", "b"}));
}

TEST(ChoiceTest, UnfinishedCharacterIsReplacedAtTheEnd) {
  EXPECT_EQ(run({}, events_of({'a', 0xE2, 0x82}, FinishReason::length)).text, "a\uFFFD");
}

TEST(ChoiceTest, EndTokenGivesNoText) {
  const Outcome outcome = run({.skip_special = false}, events_of({'a', FakeTokenizer::kEos}, FinishReason::stop));
  EXPECT_EQ(outcome.text, "a");
  EXPECT_STREQ(outcome.end.finish_reason, "stop");
  EXPECT_TRUE(outcome.end.stop_reason.is_null());
}

TEST(ChoiceTest, EndTokenIsKeptWhenStopsAreIncluded) {
  EXPECT_EQ(
      run({.include_stop = true, .skip_special = false}, events_of({'a', FakeTokenizer::kEos}, FinishReason::stop))
          .text,
      "a</s>");
}

TEST(ChoiceTest, StopStringAcrossCharactersOfSeveralTokens) {
  const Outcome outcome =
      run({.stops = {"é€"}}, events_of({'a', 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 'z'}, FinishReason::length));
  EXPECT_EQ(outcome.text, "a");
  EXPECT_EQ(outcome.pieces.size(), 6u);  // ended before the engine did
  EXPECT_EQ(outcome.end.stop_reason.as_string(), "é€");
}

TEST(ChoiceTest, HeldTextIsReleasedWhenItDoesNotBecomeAStop) {
  const Outcome outcome = run({.stops = {"abc"}}, events_of(bytes_of("xabd"), FinishReason::length));
  EXPECT_EQ(outcome.pieces, (std::vector<std::string>{"x", "", "", "abd"}));
  EXPECT_EQ(run({.stops = {"abc"}}, events_of(bytes_of("xab"), FinishReason::length)).text, "xab");
}

TEST(ChoiceTest, PartsOfTheTextAreTold) {
  const auto split = [](std::string_view text, ChoiceOptions options = {}) {
    return run(std::move(options), events_of(bytes_of(text), FinishReason::length), make_reasoning_splitter()).parts;
  };
  const auto content = [](std::string text) { return Part{PartKind::content, std::move(text)}; };
  const auto reasoning = [](std::string text) { return Part{PartKind::reasoning, std::move(text)}; };
  EXPECT_EQ(split("<r>why</r>so"), (std::vector<Part>{reasoning("why"), content("so")}));
  EXPECT_EQ(split("a<r>b</r>c<r>d"), (std::vector<Part>{content("a"), reasoning("b"), content("c"), reasoning("d")}));
  // What is held back comes out at the end, also when a stop string is the end.
  EXPECT_EQ(split("<r>1 < 2"), (std::vector<Part>{reasoning("1 < 2")}));
  EXPECT_EQ(split("a</rSTOP", {.stops = {"STOP"}}), (std::vector<Part>{content("a</r")}));
  // Stop strings are found in all text, marks included.
  EXPECT_EQ(split("<r>why</r>so", {.stops = {"y</r>"}}), (std::vector<Part>{reasoning("wh")}));
  EXPECT_EQ(split("<r></r>"), std::vector<Part>());
}

TEST(ChoiceTest, StopStringsAreNotLookedForBeforeTheLeastCount) {
  const Outcome outcome = run({.stops = {"a"}, .tokens_min = 2}, events_of(bytes_of("aaba"), FinishReason::length));
  EXPECT_EQ(outcome.text, "aab");
  EXPECT_EQ(outcome.end.stop_reason.as_string(), "a");
}

TEST(ChoiceTest, TokensTravelWithTheirText) {
  // "Hel" is certain when the stop string is complete, and the token it began in with it; the stop's own is not.
  const Outcome cut = run({.stops = {"lo w"}, .has_logprobs = true},
                          with_logprobs(events_of({'x', FakeTokenizer::kHello, ' ', 'w'}, FinishReason::length)));
  EXPECT_EQ(cut.text, "xHel");
  EXPECT_EQ(cut.tokens, (std::vector<TokenId>{'x', FakeTokenizer::kHello}));
  const Outcome all = run({.has_logprobs = true},
                          with_logprobs(events_of({0xC3, 0xA9, FakeTokenizer::kBos, 'b', 257}, FinishReason::stop)));
  EXPECT_EQ(all.tokens, (std::vector<TokenId>{0xC3, 0xA9, FakeTokenizer::kBos, 'b'}));
}

TEST(ChoiceTest, TokensOfTextThatIsHeldToTheEndComeWithIt) {
  const Outcome outcome =
      run({.stops = {"abc"}, .has_logprobs = true}, with_logprobs(events_of(bytes_of("xab"), FinishReason::length)));
  EXPECT_EQ(outcome.text, "xab");
  EXPECT_EQ(outcome.tokens, bytes_of("xab"));
}

// A token whose text is left out begins where the text ends, and nothing comes that would release it.
TEST(ChoiceTest, ALastTokenWithoutTextIsNotLost) {
  const std::vector<TokenId> tokens = {'a', FakeTokenizer::kEos};
  const Outcome outcome = run({.include_stop = true, .skip_special = true, .has_logprobs = true},
                              with_logprobs(events_of(tokens, FinishReason::stop)));
  EXPECT_EQ(outcome.text, "a");
  EXPECT_EQ(outcome.tokens, tokens);
}

TEST(ChoiceTest, FinishMayComeAfterTheLastToken) {
  std::vector<Event> events = events_of({'a', 'b'}, FinishReason::length);
  events.back().finish.reset();
  Event last;
  last.finish = FinishReason::length;
  last.output_tokens = 2;
  events.push_back(std::move(last));
  EXPECT_EQ(run({}, std::move(events)).text, "ab");
}

}  // namespace
}  // namespace estoc::api
