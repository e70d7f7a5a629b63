#include "grammar/lark.h"

#include <gtest/gtest.h>

#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

bool takes_lark(std::string_view grammar, std::string_view text) { return takes(*compile_lark(grammar), text); }

std::string refusal(std::string_view grammar) {
  return refusal_of([&] { compile_lark(grammar); });
}

constexpr std::string_view kCalculator = R"G(
?start: sum
      | NAME "=" sum    -> assign_var
?sum: product
    | sum "+" product   -> add   // left recursive
    | sum "-" product
?product: atom
    | product "*" atom
atom: NUMBER | "-" atom | NAME | "(" sum ")"

%import common.CNAME -> NAME
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE
)G";

TEST(Lark, TakesWhatTheRulesSay) {
  EXPECT_TRUE(takes_lark(kCalculator, "x = 1 + 2.5*(y - -3)"));
  EXPECT_TRUE(takes_lark(kCalculator, "  7"));
  EXPECT_FALSE(takes_lark(kCalculator, "x = = 1"));
  EXPECT_FALSE(takes_lark(kCalculator, "1 + "));
  EXPECT_TRUE(takes_lark("start: \"select\"i /[a-z]+/ [\"!\"] A~2..3\nA: \"x\"..\"z\"", "SeLectabc!xz"));
  EXPECT_FALSE(takes_lark("start: \"select\"i A~2..3\nA: \"x\"..\"z\"", "selectx"));
  EXPECT_TRUE(takes_lark("start: (\"a\"\n  | \"b\" \"c\")*\n", "abcbca"));
  EXPECT_TRUE(takes_lark("start: /a\\/b/ B\nB.2: \"\\n\" | \"\\u3042\"", "a/b\xE3\x81\x82"));
}

TEST(Lark, MasksAreWhatTheMatcherTakes) {
  EXPECT_EQ(walk_fault(compile_lark(kCalculator), 2, 5, 10), "");
}

TEST(Lark, RefusalsNameTheLine) {
  EXPECT_EQ(refusal("start: a\n"), "grammar, line 1: 'a' is used and not defined");
  EXPECT_EQ(refusal("a: \"x\"\n"), "grammar, line 2: there is no rule named start");
  for (const char* grammar :
       {"start: \"a", "start: /a", "start: (\"a\"", "start: \"a\"~3..1", "start: /(a)\\1/", "start \"a\"",
        "start: \"a\"\nstart: \"b\"", "%declare A\nstart: A", "%import other.X\nstart: X", "start: start \"a\"",
        "start: /a/i", "A: b\nb: \"x\"\nstart: A", "start: \"b\"..\"a\""}) {
    EXPECT_NE(refusal(grammar), "") << grammar;
  }
}

}  // namespace
}  // namespace estoc::grammar
