// Places in grammars: what is forced, and in which tokens.
#include "grammar/constraint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "grammar/constraint_source.h"
#include "grammar/test_bpe_tokenizer.h"

namespace estoc::grammar {
namespace {

class PlaceTest : public testing::Test {
 protected:
  std::unique_ptr<ConstraintPlace> start(const ConstraintSource& source, std::vector<TokenId> stop_tokens = {}) {
    const auto grammar = std::make_shared<TokenGrammar>(compile(source), vocabulary_);
    return Constraint(grammar, forced_).start(ends_, stop_tokens);
  }
  static std::shared_ptr<const Vocabulary> vocabulary_of(const TestBpe& bpe) {
    std::vector<std::string_view> bytes(bpe.tokens.size());
    for (size_t t = 1; t < bytes.size(); ++t) bytes[t] = bpe.tokenizer->token_bytes(static_cast<TokenId>(t));
    return std::make_shared<const Vocabulary>(bytes);
  }
  std::vector<std::string> forced_texts(const ConstraintPlace& place) const {
    std::vector<std::string> texts;
    for (const TokenId token : place.forced()) {
      texts.emplace_back(token == TestBpe::kEnd ? "<end>" : vocabulary_->bytes(token));
    }
    return texts;
  }
  void write(ConstraintPlace& place, std::string_view text) const {
    for (const char c : text) ASSERT_TRUE(place.accept(bpe_.id(std::string(1, c)))) << text;
  }
  TokenMask mask_of(const ConstraintPlace& place) const {
    TokenMask mask;
    mask.reset(static_cast<size_t>(bpe_.count()) + 7);  // models have more rows than tokens
    place.restrict(mask, {});
    return mask;
  }

  const TestBpe bpe_{{{"n", "a"},
                      {"m", "e"},
                      {"na", "me"},
                      {"{", "\""},
                      {"\"", ":"},
                      {"\":", "\""},
                      {"\"", "}"},
                      {"r", "e"},
                      {"t", "r"},
                      {"u", "e"},
                      {"tr", "ue"},
                      {"true", "s"}}};
  const std::shared_ptr<const Vocabulary> vocabulary_ = vocabulary_of(bpe_);
  const std::shared_ptr<const ForcedTokens> forced_ =
      std::make_shared<const ForcedTokens>(*bpe_.tokenizer, vocabulary_);
  const std::vector<TokenId> ends_ = {TestBpe::kEnd};
};

using Texts = std::vector<std::string>;

const Json kNamed = parse_json(
    R"({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false})");

TEST_F(PlaceTest, WhatIsForcedIsInTheTokensOfTheTokenizer) {
  const auto place = start(json_schema_source(kNamed, {}));
  // The last quote may begin any string: with a colon before it, it is a token that no other goes on from.
  EXPECT_EQ(forced_texts(*place), (Texts{"{\"", "name", "\":\""}));
  const TokenMask mask = mask_of(*place);
  EXPECT_EQ(mask.count(), 1u);
  EXPECT_TRUE(mask.allows(bpe_.id("{\"")));
}

TEST_F(PlaceTest, WhatIsForcedGoesOnBehindItsBeginning) {
  const auto place = start(json_schema_source(kNamed, {}));
  const std::vector<TokenId> all(place->forced().begin(), place->forced().end());
  ASSERT_TRUE(place->accept(all[0]));
  EXPECT_EQ(forced_texts(*place), (Texts{"name", "\":\""}));
  ASSERT_TRUE(place->accept(all[1]));
  ASSERT_TRUE(place->accept(all[2]));
  EXPECT_TRUE(place->forced().empty());
  place->roll_back(2);
  EXPECT_EQ(forced_texts(*place), (Texts{"name", "\":\""}));
}

// Written otherwise than forced, the rest is forced from there.
TEST_F(PlaceTest, WhatWasWrittenOtherwiseIsTakenAsItIs) {
  const auto place = start(json_schema_source(kNamed, {}));
  write(*place, "{\"na");
  EXPECT_EQ(forced_texts(*place), (Texts{"me", "\":\""}));
}

// Both go on from "tr" and "true" with more than is forced.
TEST_F(PlaceTest, ATokenThatMayBecomeALongerOneIsLeftToTheModel) {
  const auto place = start(regex_source("(re|na)(true)[a-z]"));
  write(*place, "na");
  EXPECT_EQ(forced_texts(*place), Texts());
  EXPECT_TRUE(mask_of(*place).allows(bpe_.id("true")));
  EXPECT_TRUE(mask_of(*place).allows(bpe_.id("trues")));
}

TEST_F(PlaceTest, TheEndIsForcedWhereNothingElseMayCome) {
  const auto place = start(choices_source({"true", "name"}));
  EXPECT_TRUE(place->forced().empty());
  write(*place, "t");
  EXPECT_EQ(forced_texts(*place), (Texts{"r", "ue", "<end>"}));
  write(*place, "rue");
  EXPECT_EQ(forced_texts(*place), (Texts{"<end>"}));
  EXPECT_EQ(mask_of(*place).count(), 1u);
  ASSERT_TRUE(place->accept(TestBpe::kEnd));
  EXPECT_TRUE(place->has_ended());
  EXPECT_TRUE(place->forced().empty());
  EXPECT_EQ(mask_of(*place).count(), 0u);
}

TEST_F(PlaceTest, NothingIsForcedWhereTheTextMayEnd) {
  const auto place = start(regex_source("na(me)?"));
  write(*place, "na");
  EXPECT_TRUE(place->forced().empty());
  EXPECT_TRUE(mask_of(*place).allows(TestBpe::kEnd));
  EXPECT_TRUE(mask_of(*place).allows(bpe_.id("me")));
}

TEST_F(PlaceTest, StopTokensWithoutATextEndOthersAreText) {
  const auto place = start(regex_source("(na|me)+"), {bpe_.id("na"), 1000});
  EXPECT_TRUE(mask_of(*place).allows(bpe_.id("na")));
  ASSERT_TRUE(place->accept(bpe_.id("na")));
  EXPECT_FALSE(place->has_ended());
  ASSERT_TRUE(place->accept(1000));
  EXPECT_TRUE(place->has_ended());
}

// Characters of several bytes are never cut into tokens that the tokenizer would not have used.
TEST_F(PlaceTest, ForcedCharactersOfSeveralBytes) {
  const auto place = start(regex_source("\xC3\xA9n[a-z]"));
  EXPECT_EQ(forced_texts(*place), (Texts{"\xC3", "\xA9"}));  // behind n the vocabulary has "na"
  ASSERT_TRUE(place->accept(bpe_.id("\xC3")));
  place->roll_back(1);
  EXPECT_EQ(forced_texts(*place).size(), 2u);
}

// A vocabulary that puts a blank in front of a text that is encoded.
TEST(ForcedTokens, AreOfRunningText) {
  GgufVocab vocab;
  vocab.source = "test";
  vocab.model = "llama";
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(fmt::format("<0x{:02X}>", byte));
  for (const char* piece : {"\xE2\x96\x81", "n", "a", "me", "name", "\xE2\x96\x81n", "na", "m", "e", ":", "\""}) {
    tokens.emplace_back(piece);
  }
  vocab.tokens.assign(tokens.begin(), tokens.end());
  for (size_t t = 0; t < tokens.size(); ++t) {
    vocab.scores.push_back(t == 263 ? 10.0f : -static_cast<float>(t));
    vocab.types.push_back(t < 3 ? (t == 0 ? 2 : 3) : t < 259 ? 6 : 1);
  }
  vocab.bos = 1;
  vocab.eos = 2;
  const auto tokenizer = build_tokenizer(vocab);
  std::vector<std::string_view> bytes(tokens.size());
  for (size_t t = 3; t < bytes.size(); ++t) bytes[t] = tokenizer->token_bytes(static_cast<TokenId>(t));
  const auto words = std::make_shared<const Vocabulary>(bytes);
  const ForcedTokens forced(*tokenizer, words);
  std::vector<TokenId> found;
  forced.append("name\":", true, found);
  std::string text;
  for (const TokenId token : found) text += words->bytes(token);
  EXPECT_EQ(text, "name\":");
  EXPECT_LT(found.size(), 6u);  // not byte by byte
}

}  // namespace
}  // namespace estoc::grammar
