#include "grammar/regex.h"

#include <gtest/gtest.h>

#include "grammar/char_dfa.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"
#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

bool matches(std::string_view expression, std::string_view text, Find find = Find::whole) {
  RegexArena arena;
  CharDfa dfa(arena);
  return dfa.matches(parse_regex(arena, expression, find), text);
}

std::string refusal(std::string_view expression) {
  return refusal_of([&] {
    RegexArena arena;
    CharDfa dfa(arena);
    dfa.start(parse_regex(arena, expression, Find::whole));
  });
}

TEST(Regex, MatchesWhatItSays) {
  EXPECT_TRUE(matches("a(b|c)*d", "abcbd"));
  EXPECT_FALSE(matches("a(b|c)*d", "abcb"));
  EXPECT_TRUE(matches("[^a-c]+", "xyz\xC3\xA9"));
  EXPECT_FALSE(matches("[^a-c]+", "xbz"));
  EXPECT_TRUE(matches("a{2,3}", "aaa"));
  EXPECT_FALSE(matches("a{2,3}", "a"));
  EXPECT_FALSE(matches("a{2,3}", "aaaa"));
  EXPECT_TRUE(matches("(a?){3}", ""));
  EXPECT_TRUE(matches("\\p{Lu}\\p{Ll}+", "\xC3\x89t\xC3\xA9"));
  EXPECT_FALSE(matches("\\p{Lu}\\p{Ll}+", "\xC3\xA9t\xC3\xA9"));
  EXPECT_TRUE(matches("\\u{1F600}|\\uD83D\\uDE01", "\xF0\x9F\x98\x81"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_TRUE(matches("{,2}x{a}", "{,2}x{a}"));
}

TEST(Regex, AnchorsLookAtTheEdges) {
  EXPECT_TRUE(matches("^ab", "abc", Find::anywhere));
  EXPECT_FALSE(matches("^ab", "xab", Find::anywhere));
  EXPECT_TRUE(matches("a$|^b", "xa", Find::anywhere));
  EXPECT_TRUE(matches("a$|^b", "bx", Find::anywhere));
  EXPECT_FALSE(matches("a$|^b", "abx", Find::anywhere));
  EXPECT_TRUE(matches("(^|x){2}y", "xy", Find::anywhere));
  EXPECT_TRUE(matches("x$", "x"));
  EXPECT_FALSE(matches("x^y", "xy"));
  EXPECT_TRUE(matches("\\bcat\\b", "a cat!", Find::anywhere));
  EXPECT_FALSE(matches("\\bcat\\b", "concat", Find::anywhere));
  EXPECT_TRUE(matches("\\Bcat", "concat", Find::anywhere));
  EXPECT_TRUE(matches("^(?!.*bad)[a-z]+$", "good", Find::anywhere));
  EXPECT_FALSE(matches("^(?!.*bad)[a-z]+$", "abadb", Find::anywhere));
  EXPECT_TRUE(matches("^(?=.*\\d)(?=.*[a-z]).{3,}$", "1ab", Find::anywhere));
  EXPECT_FALSE(matches("^(?=.*\\d)(?=.*[a-z]).{3,}$", "abc", Find::anywhere));
}

TEST(Regex, RefusesWithPlaceAndReason) {
  EXPECT_EQ(refusal("a(b"), "regular expression: a group without its ')' at byte 3");
  EXPECT_EQ(refusal("(a)\\1"), "regular expression: a backreference at byte 3 is not supported");
  EXPECT_EQ(refusal("a{3,1}"), "regular expression: a repeat whose bounds are the wrong way round at byte 5");
  EXPECT_NE(refusal("(?<=a)b"), "");
  EXPECT_NE(refusal("(x(?=a))b"), "");
  EXPECT_NE(refusal("\\p{Greek}"), "");
  EXPECT_NE(refusal("[z-a]"), "");
  EXPECT_NE(refusal("*a"), "");
  EXPECT_NE(refusal("a\xFF"), "");
  EXPECT_NE(refusal(std::string(200, '(')), "");
}

TEST(Regex, HostileExpressionsAreBounded) {
  // A window of twenty over "contains", negated: the automaton would have a million states.
  EXPECT_NE(refusal("(?!.*a.{20}b).*c"), "");
  EXPECT_EQ(refusal("((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100}){1,100}"), "");
  std::string chain;
  for (int i = 0; i < 8000; ++i) chain += "a?";
  EXPECT_NE(refusal(chain), "");
}

TEST(Regex, BooleanOperationsAndDeadEnds) {
  RegexArena arena;
  CharDfa dfa(arena);
  const auto parse = [&](std::string_view text) { return parse_regex(arena, text, Find::whole); };
  // Even and odd lengths: no text is both.
  EXPECT_EQ(dfa.start(arena.both({parse("(..)*"), parse(".(..)*")})), kDeadChar);
  // "ab" is the only way on, and "ac" is none.
  const CharState start = dfa.start(arena.both({parse("a(b|c)"), arena.complement(parse("ac"))}));
  ASSERT_NE(start, kDeadChar);
  const CharState after_a = dfa.step(start, 'a');
  ASSERT_NE(after_a, kDeadChar);
  EXPECT_EQ(dfa.step(after_a, 'c'), kDeadChar);
  EXPECT_TRUE(dfa.accepts(dfa.step(after_a, 'b')));
  EXPECT_EQ(arena.complement(arena.complement(parse("x"))), parse("x"));
  EXPECT_EQ(dfa.step(dfa.start(arena.complement(parse("x"))), 0xD800), kDeadChar);
}

TEST(Regex, MultiplesOfDecimals) {
  RegexArena arena;
  CharDfa dfa(arena);
  const RegexId multiple = arena.multiple_of(15, 1);  // of 1.5
  for (const char* text : {"0", "1.5", "3", "3.0", "4.500", "15"}) EXPECT_TRUE(dfa.matches(multiple, text)) << text;
  for (const char* text : {"1", "1.6", "1.55", "4.501", "10"}) EXPECT_FALSE(dfa.matches(multiple, text)) << text;
}

TEST(Regex, TellsFewTextsFromEndlessOnes) {
  RegexArena arena;
  CharDfa dfa(arena);
  const auto split = [&](std::string_view text) { return dfa.split(parse_regex(arena, text, Find::whole), 10); };
  EXPECT_EQ(split("a(b|c)?").few, (std::vector<std::string>{"a", "ab", "ac"}));
  EXPECT_EQ(split("a(b|c)?").endless, kNothing);
  EXPECT_TRUE(split("a+").few.empty());
  EXPECT_NE(split("a+").endless, kNothing);
  EXPECT_FALSE(split("a*b").is_known);
  EXPECT_FALSE(split("[a-z]").is_known);
  const auto integers = split("0|[1-9][0-9]*");
  EXPECT_EQ(integers.few, (std::vector<std::string>{"0"}));
  EXPECT_TRUE(dfa.matches(integers.endless, "10"));
  EXPECT_FALSE(dfa.matches(integers.endless, "0"));
}

TEST(Regex, TreeOfTexts) {
  RegexArena arena;
  CharDfa dfa(arena);
  const RegexId tree = arena.one_of({"caf\xC3\xA9", "caf\xC3\xA8", "ca", "dog", "dogs", ""});
  for (const char* text : {"caf\xC3\xA9", "caf\xC3\xA8", "ca", "dog", "dogs", ""}) EXPECT_TRUE(dfa.matches(tree, text));
  for (const char* text : {"caf", "c", "do", "dogss"}) EXPECT_FALSE(dfa.matches(tree, text));
}

}  // namespace
}  // namespace estoc::grammar
