#include "grammar/gbnf.h"

#include <gtest/gtest.h>

#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

bool takes_gbnf(std::string_view grammar, std::string_view text) { return takes(*compile_gbnf(grammar), text); }

std::string refusal(std::string_view grammar) {
  return refusal_of([&] { compile_gbnf(grammar); });
}

constexpr std::string_view kArithmetic = R"G(
root  ::= expr "\n"   # left recursive
expr  ::= expr [-+] term | term
term  ::= term [*/] factor | factor
factor ::= [0-9]+ | "(" expr ")"
)G";

constexpr std::string_view kJson = R"G(
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
)G";

TEST(Gbnf, TakesWhatTheRulesSay) {
  EXPECT_TRUE(takes_gbnf(kArithmetic, "1+2*(3-44)/5\n"));
  EXPECT_FALSE(takes_gbnf(kArithmetic, "1+*2\n"));
  EXPECT_FALSE(takes_gbnf(kArithmetic, "1+2"));
  EXPECT_TRUE(takes_gbnf(kJson, "{\"a\": [1, 2.5e-3, \"\\u00e9\xC3\xA9\"], \"b\":{}}"));
  EXPECT_FALSE(takes_gbnf(kJson, "{\"a\": [1,]}"));
  EXPECT_TRUE(takes_gbnf("root ::= a a b\na ::= \"x\"?\nb ::= [\\u3042-\\u3044]{2,3}", "x\xE3\x81\x82\xE3\x81\x84"));
  EXPECT_FALSE(takes_gbnf("root ::= a a b\na ::= \"x\"?\nb ::= [\\u3042-\\u3044]{2,3}", "xxx\xE3\x81\x82\xE3\x81\x84"));
  EXPECT_TRUE(takes_gbnf("root ::= (\n\"a\" |\n \"b\"\n)+\n", "abba"));
  EXPECT_TRUE(takes_gbnf("root ::= [^a-z]", "\xF0\x9F\x98\x80"));
}

TEST(Gbnf, EmptyRulesAndAmbiguity) {
  EXPECT_TRUE(takes_gbnf("root ::= a a a \"!\"\na ::= b | \"\"\nb ::= a \"x\" | \"y\"", "yx!"));
  EXPECT_TRUE(takes_gbnf("root ::= root root | \"a\" | \"\"", std::string(60, 'a')));
  EXPECT_TRUE(takes_gbnf("root ::= \"\"", ""));
  EXPECT_FALSE(takes_gbnf("root ::= \"\"", "a"));
  EXPECT_TRUE(takes_gbnf("root ::= root | \"a\"", "a"));
  // Nothing ever ends "loop": what would lead there is not offered.
  EXPECT_FALSE(takes_gbnf("root ::= \"a\" | \"b\" loop\nloop ::= \"c\" loop", "b"));
}

TEST(Gbnf, RefusalsNameTheLine) {
  EXPECT_EQ(refusal("root ::= \"a\"\nb ::= missing"), "grammar, line 2: rule 'missing' is used and not defined");
  EXPECT_EQ(refusal("a ::= \"a\""), "grammar, line 1: there is no rule named root");
  EXPECT_EQ(refusal("root ::= root \"a\""), "the grammar allows no text at all");
  EXPECT_NE(refusal("root ::= (\"a\""), "");
  EXPECT_NE(refusal("root ::= \"a\nroot ::= \"b\""), "");
  EXPECT_NE(refusal("root ::= [b-a]"), "");
  EXPECT_NE(refusal("root ::= \"a\"\nroot ::= \"b\""), "");
  EXPECT_NE(refusal("root ::= \"\\q\""), "");
  EXPECT_NE(refusal("root = \"a\""), "");
  EXPECT_NE(refusal("root ::= ((((\"a\"{1000}){1000}){1000}){1000})"), "");
  EXPECT_NE(refusal("root ::= (((\"\"{90000}){90000}){90000}){90000}"), "");
  EXPECT_NE(refusal("root ::= " + std::string(5000, '(')), "");
}

TEST(Gbnf, MasksAreWhatTheMatcherTakes) {
  for (const std::string_view source : {kArithmetic, kJson}) {
    EXPECT_EQ(walk_fault(compile_gbnf(source), 1, 6, 12), "") << source;
  }
}

TEST(Gbnf, RollsBack) {
  const TestVocabulary& words = test_vocabulary();
  const auto grammar =
      std::make_shared<TokenGrammar>(compile_gbnf("root ::= \"ab\" [0-9]{3} \"!\"?"), words.vocabulary);
  TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
  const auto byte = [](char c) { return static_cast<TokenId>(1 + static_cast<unsigned char>(c)); };
  EXPECT_EQ(matcher.forced_bytes(10), "ab");
  EXPECT_TRUE(matcher.accept(byte('a')));
  EXPECT_FALSE(matcher.accept(byte('a')));
  EXPECT_TRUE(matcher.accept(byte('b')));
  for (const char c : {'1', '2', '3'}) EXPECT_TRUE(matcher.accept(byte(c)));
  EXPECT_TRUE(matcher.may_end());
  EXPECT_TRUE(matcher.accept(TestVocabulary::kEnd));
  EXPECT_FALSE(matcher.accept(byte('!')));
  matcher.roll_back(2);
  EXPECT_FALSE(matcher.may_end());
  EXPECT_FALSE(matcher.accept(TestVocabulary::kEnd));
  EXPECT_TRUE(matcher.accept(byte('9')));
  // Guesses ahead count as if they were taken, and are not.
  TokenMask mask;
  mask.reset(words.size());
  const TokenId ahead[] = {byte('!')};
  matcher.restrict(mask, ahead);
  EXPECT_TRUE(mask.allows(TestVocabulary::kEnd));
  EXPECT_FALSE(mask.allows(byte('!')));
  mask.reset(words.size());
  matcher.restrict(mask, {});
  EXPECT_TRUE(mask.allows(byte('!')));
}

TEST(Gbnf, ExpressionsAndChoices) {
  EXPECT_TRUE(takes(*compile_regex("(\\d{3}-)+x"), "123-456-x"));
  EXPECT_TRUE(takes(*compile_regex("[\xE3\x81\x82-\xE3\x81\x84\\u{1F600}]+"), "\xE3\x81\x83\xF0\x9F\x98\x80"));
  EXPECT_FALSE(takes(*compile_regex("[\xE3\x81\x82-\xE3\x81\x84\\u{1F600}]+"), "\xE3\x81\x85"));
  EXPECT_THROW(compile_regex("a\\bb"), Error);
  const std::string choices[] = {"yes", "no", "not sure"};
  EXPECT_TRUE(takes(*compile_choices(choices), "not sure"));
  EXPECT_TRUE(takes(*compile_choices(choices), "no"));
  EXPECT_FALSE(takes(*compile_choices(choices), "not"));
  EXPECT_THROW(compile_choices({}), Error);
}

}  // namespace
}  // namespace estoc::grammar
