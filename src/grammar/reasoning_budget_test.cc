#include "grammar/reasoning_budget.h"

#include <gtest/gtest.h>

#include "grammar/constraint_cache.h"
#include "grammar/test_bpe_tokenizer.h"
#include "grammar/text_format.h"

namespace estoc::grammar {
namespace {

const TestBpe& bpe() {
  static const TestBpe made({{"<", "/"}, {"t", ">"}});
  return made;
}

std::vector<TokenId> tokens_of(std::string_view text) {
  return bpe().tokenizer->encode(text, {.add_special = false, .parse_special = false});
}

ReasoningBudget budget_of(int tokens, bool begins_inside) {
  return {tokens, "<t>", "</t>", begins_inside, tokens_of("!</t>")};
}

// What a model that would write `text` for ever writes: its tokens until something else is all that may come.
std::string written(ConstraintPlace& place, std::string_view text, size_t tokens) {
  std::string all;
  const std::vector<TokenId> wanted = tokens_of(text);
  for (size_t i = 0; i < tokens; ++i) {
    TokenMask mask;
    mask.reset(static_cast<size_t>(bpe().count()));
    place.restrict(mask, {});
    TokenId next = wanted[i % wanted.size()];
    const auto forced = place.forced();
    if (!forced.empty()) {
      EXPECT_TRUE(mask.allows(forced.front()));
      EXPECT_EQ(mask.count(), 1u);
      next = forced.front();
    }
    EXPECT_TRUE(mask.allows(next)) << all;
    EXPECT_TRUE(place.accept(next)) << all;
    all += bpe().tokenizer->token_bytes(next);
  }
  return all;
}

TEST(ReasoningBudget, ClosesReasoningThatTakesTooLong) {
  const auto closing = with_reasoning_budget(*bpe().tokenizer, budget_of(3, true), nullptr);
  EXPECT_EQ(written(*closing->start({}, {}), "ab", 9), "aba!</t>ba");
  const auto at_once = with_reasoning_budget(*bpe().tokenizer, budget_of(0, true), nullptr);
  EXPECT_EQ(written(*at_once->start({}, {}), "ab", 5), "!</t>a");
  const auto opened = with_reasoning_budget(*bpe().tokenizer, budget_of(2, false), nullptr);
  EXPECT_EQ(written(*opened->start({}, {}), "<t>abcdef", 9), "<t>ab!</t>");
}

TEST(ReasoningBudget, LeavesOthersAlone) {
  const auto budget = with_reasoning_budget(*bpe().tokenizer, budget_of(5, true), nullptr);
  EXPECT_EQ(written(*budget->start({}, {}), "a</t>bcdefghi", 12), "a</t>bcdefghi");
  const auto before = with_reasoning_budget(*bpe().tokenizer, budget_of(1, false), nullptr);
  EXPECT_EQ(written(*before->start({}, {}), "hello <t> you there", 19), "hello <t> you there");
}

TEST(ReasoningBudget, CountsGuessesAndTakesThemBack) {
  const auto budget = with_reasoning_budget(*bpe().tokenizer, budget_of(2, true), nullptr);
  const auto place = budget->start({}, {});
  const std::vector<TokenId> ahead = tokens_of("xy");
  TokenMask mask;
  mask.reset(static_cast<size_t>(bpe().count()));
  place->restrict(mask, ahead);
  EXPECT_EQ(mask.count(), 1u);
  EXPECT_TRUE(mask.allows(tokens_of("!")[0]));
  EXPECT_TRUE(place->forced().empty());
  for (const TokenId token : ahead) place->accept(token);
  EXPECT_FALSE(place->forced().empty());
  place->roll_back(1);
  EXPECT_TRUE(place->forced().empty());
  EXPECT_EQ(written(*place, "z", 5), "z!</t>");
}

TEST(ReasoningBudget, EndsAsTheAnswerDoes) {
  const auto budget = with_reasoning_budget(*bpe().tokenizer, budget_of(5, true), nullptr);
  const TokenId ends[] = {TestBpe::kEnd};
  const auto place = budget->start(ends, {});
  EXPECT_TRUE(place->accept(tokens_of("a")[0]));
  EXPECT_TRUE(place->accept(TestBpe::kEnd));
  EXPECT_TRUE(place->has_ended());
  EXPECT_FALSE(place->accept(tokens_of("a")[0]));
  place->roll_back(1);
  EXPECT_FALSE(place->has_ended());
}

TEST(ReasoningBudget, StandsAroundAnotherConstraint) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  const auto inner = cache.get(behind_mark("</t>", regex_source("b+")));
  const auto budget = with_reasoning_budget(*bpe().tokenizer, budget_of(2, true), inner);
  const TokenId ends[] = {TestBpe::kEnd};
  const auto place = budget->start(ends, {});
  EXPECT_EQ(written(*place, "ab", 6), "ab!</t>");
  EXPECT_FALSE(place->accept(tokens_of("a")[0]));
  EXPECT_TRUE(place->accept(tokens_of("b")[0]));
  EXPECT_TRUE(place->accept(TestBpe::kEnd));
  EXPECT_TRUE(place->has_ended());
}

}  // namespace
}  // namespace estoc::grammar
