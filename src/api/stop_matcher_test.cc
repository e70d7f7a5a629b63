#include "api/stop_matcher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "base/limits.h"

namespace estoc::api {
namespace {

TEST(StopMatcherTest, ReleasesEverythingWithoutStops) {
  StopMatcher matcher({}, false);
  EXPECT_EQ(matcher.push("abc"), "abc");
  EXPECT_EQ(matcher.finish(), "");
  EXPECT_EQ(matcher.matched(), nullptr);
}

TEST(StopMatcherTest, HoldsBackOnlyWhatMayBecomeAStop) {
  StopMatcher matcher({"STOP"}, false);
  EXPECT_EQ(matcher.push("go S"), "go ");
  EXPECT_EQ(matcher.push("T"), "");
  EXPECT_EQ(matcher.push("x"), "STx");
  EXPECT_EQ(matcher.push("ST"), "");
  EXPECT_EQ(matcher.push("OP tail"), "");
  ASSERT_NE(matcher.matched(), nullptr);
  EXPECT_EQ(*matcher.matched(), "STOP");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcherTest, FinishReleasesTheHeldTail) {
  StopMatcher matcher({"\n\n"}, false);
  EXPECT_EQ(matcher.push("end\n"), "end");
  EXPECT_EQ(matcher.finish(), "\n");
  EXPECT_EQ(matcher.matched(), nullptr);
}

TEST(StopMatcherTest, IncludesTheStopWhenAsked) {
  StopMatcher matcher({"</a>"}, true);
  EXPECT_EQ(matcher.push("x</"), "x");
  EXPECT_EQ(matcher.push("a>y"), "</a>");
}

TEST(StopMatcherTest, OverlappingBeginningsAreNotLost) {
  StopMatcher matcher({"aab"}, false);
  EXPECT_EQ(matcher.push("aa"), "");
  EXPECT_EQ(matcher.push("a"), "a");
  EXPECT_EQ(matcher.push("b"), "");
  EXPECT_NE(matcher.matched(), nullptr);
}

TEST(StopMatcherTest, MultiByteStopsStayWhole) {
  StopMatcher matcher({"è!"}, false);
  EXPECT_EQ(matcher.push("caf\xC3\xA9"), "café");  // shares its first byte with the stop string
  EXPECT_EQ(matcher.push("è"), "");
  EXPECT_EQ(matcher.push("?"), "è?");
}

// However a text is cut, the outcome is that of the text in one piece.
TEST(StopMatcherTest, OutcomeDoesNotDependOnTheCuts) {
  std::mt19937 random(7);
  int matches = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto word = [&](size_t bytes_max) {
      std::string text(1 + random() % bytes_max, 'a');
      for (char& c : text) c = static_cast<char>('a' + random() % 3);
      return text;
    };
    const StopStrings stops = {word(4), word(4), word(6)};
    const std::string text = word(24);
    const bool include = random() % 2 == 0;
    StopMatcher whole(stops, include);
    std::string expected = whole.push(text);
    expected += whole.finish();

    StopMatcher cut(stops, include);
    std::string got;
    for (size_t at = 0; at < text.size() && cut.matched() == nullptr;) {
      const size_t bytes = 1 + random() % 3;
      got += cut.push(std::string_view(text).substr(at, bytes));
      at += bytes;
    }
    got += cut.finish();
    ASSERT_EQ(got, expected) << text;
    ASSERT_EQ(cut.matched() == nullptr, whole.matched() == nullptr) << text;
    if (whole.matched() == nullptr) {
      ASSERT_EQ(got, text);
      for (size_t i = 0; i < stops.count(); ++i) ASSERT_EQ(text.find(stops.text(i)), std::string::npos);
    } else {
      ASSERT_EQ(*cut.matched(), *whole.matched());
      ++matches;
    }
  }
  EXPECT_GT(matches, 500);
}

// The worst there is: the longest stop strings, all almost found all the time.
TEST(StopMatcherTest, TakesTimeInProportionToTheText) {
  std::vector<std::string> stops;
  for (size_t i = 0; i < limits::kStopsMax; ++i) stops.push_back(std::string(limits::kStopBytesMax - 1 - i, 'a') + "b");
  StopMatcher matcher(stops, false);
  const auto begin = std::chrono::steady_clock::now();
  size_t released = 0;
  for (int i = 0; i < 20'000; ++i) released += matcher.push("aaaa").size();
  EXPECT_EQ(released, 80'000 - (limits::kStopBytesMax - 1));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // naively it is minutes
}

}  // namespace
}  // namespace estoc::api
