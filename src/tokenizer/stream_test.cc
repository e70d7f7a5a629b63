#include "tokenizer/stream.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

// Token i is the byte i; 256 is <s>.
std::unique_ptr<Tokenizer> make_bytes_tokenizer() {
  std::vector<std::string> spellings;
  for (int byte = 0; byte < 256; ++byte)
    spellings.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
  spellings.emplace_back("<s>");
  GgufVocab vocab;
  vocab.source = "bytes";
  vocab.model = "gpt2";
  vocab.pre = "gpt-2";
  vocab.tokens.assign(spellings.begin(), spellings.end());
  vocab.types.assign(spellings.size(), 1);
  vocab.types[256] = 3;
  return build_tokenizer(vocab);
}

std::unique_ptr<Tokenizer> make_spaced_tokenizer() {
  GgufVocab vocab;
  vocab.source = "spaced";
  vocab.model = "llama";
  vocab.tokens = {"<s>", "\u2581a", "\u2581", "<0xE2>", "<0x82>", "<0xAC>"};
  vocab.types = {3, 1, 1, 6, 6, 6};
  vocab.scores = {0, -1, -2, 0, 0, 0};
  return build_tokenizer(vocab);
}

TEST(TokenStream, NeverShowsHalfACharacter) {
  const auto tokenizer = make_bytes_tokenizer();
  TokenStream stream(*tokenizer);
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.push(0xE2), "");
  EXPECT_EQ(stream.push(0x82), "");
  EXPECT_EQ(stream.push(0xAC), "\u20AC");
  EXPECT_EQ(stream.push(0xF0), "");
  EXPECT_EQ(stream.push('b'),
            "\uFFFD"
            "b");
  EXPECT_EQ(stream.push(0xE2), "");
  EXPECT_EQ(stream.push(0x82), "");
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TokenStream, SumsUpToDecode) {
  const auto tokenizer = make_bytes_tokenizer();
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::vector<TokenId> ids;
    for (int count = static_cast<int>(random() % 12); count > 0; --count) {
      static constexpr TokenId kBytes[] = {'a',  ' ',  0xC3, 0xA9, 0xE2, 0x82, 0xAC,
                                           0xF0, 0x9F, 0x98, 0x80, 0xED, 0xFF, 256};
      ids.push_back(kBytes[random() % std::size(kBytes)]);
    }
    TokenStream stream(*tokenizer);
    std::string text;
    for (const TokenId id : ids) {
      const std::string part = stream.push(id);
      ASSERT_TRUE(is_valid_utf8(part));
      text += part;
    }
    text += stream.finish();
    ASSERT_EQ(text, tokenizer->decode(ids));
  }
}

TEST(TokenStream, SkipsSpecialTokensWhenAsked) {
  const auto tokenizer = make_bytes_tokenizer();
  EXPECT_EQ(TokenStream(*tokenizer, true).push(256), "");
  EXPECT_EQ(TokenStream(*tokenizer, false).push(256), "<s>");
  EXPECT_EQ(TokenStream(*tokenizer).push(12345), "");
}

TEST(TokenStream, LeadingSpaceGoesOnlyAtTheStartOfAText) {
  const auto tokenizer = make_spaced_tokenizer();
  TokenStream alone(*tokenizer);
  EXPECT_EQ(alone.push(1), "a");
  EXPECT_EQ(alone.push(1), " a");

  TokenStream after_text(*tokenizer);
  after_text.continue_after(std::vector<TokenId>{0, 1});
  EXPECT_EQ(after_text.push(1), " a");

  TokenStream after_special(*tokenizer);
  after_special.continue_after(std::vector<TokenId>{1, 0});
  EXPECT_EQ(after_special.push(1), "a");
}

TEST(TokenStream, GoesOnWithACharacterThePromptBegan) {
  const auto tokenizer = make_spaced_tokenizer();
  const std::vector<TokenId> prompt = {0, 1, 3, 4};
  TokenStream stream(*tokenizer);
  stream.continue_after(prompt);
  EXPECT_EQ(stream.push(5), "\u20AC");

  TokenStream broken(*tokenizer);
  broken.continue_after(prompt);
  EXPECT_EQ(broken.push(1), " a");
  EXPECT_EQ(broken.finish(), "");

  TokenStream ended(*tokenizer);
  ended.continue_after(prompt);
  EXPECT_EQ(ended.finish(), "");
}

}  // namespace
}  // namespace estoc
