#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "tokenizer/gguf_vocab_reader.h"
#include "tokenizer/test_data.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

constexpr std::string_view kSmall = R"({"added_tokens": [
    {"id": 4, "content": "<s>", "special": true, "normalized": false},
    {"id": 5, "content": "</s>", "special": true, "normalized": false}],
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3}, "merges": ["a b", ["ab", "a"]]},
  "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
    {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}}})";

TEST(JsonTokenizer, ConfigDecidesOnBosAndEos) {
  const auto plain = parse_tokenizer_json(kSmall, "", "small");
  EXPECT_EQ(plain->encode("aba"), (std::vector<TokenId>{4, 3}));
  EXPECT_TRUE(plain->adds_bos());
  EXPECT_EQ(plain->vocab_count(), 6);
  const auto without = parse_tokenizer_json(
      kSmall,
      R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "add_bos_token": false, "add_eos_token": true})",
      "small");
  EXPECT_EQ(without->encode("ab"), (std::vector<TokenId>{2, 5}));
  EXPECT_FALSE(without->adds_bos());
  EXPECT_EQ(without->bos(), 4);
  EXPECT_EQ(without->eos(), 5);
  const auto with = parse_tokenizer_json(kSmall, R"({"bos_token": "<s>", "add_bos_token": true})", "small");
  EXPECT_EQ(with->encode("ab"), (std::vector<TokenId>{4, 2}));
  EXPECT_EQ(with->eos(), std::nullopt);
}

// As PyPI's tokenizers 0.23.3 does: the scores of all cuts are the same but for what is lost when they are read.
TEST(JsonTokenizer, ScoresOfUnigramAreReadAsTheLibraryDoes) {
  const auto ids = [](const std::string& score) {
    return parse_tokenizer_json(R"({"added_tokens": [], "model": {"type": "Unigram", "unk_id": 0, "vocab": [
        ["<unk>", 0.0], ["c", )" + score + R"(], ["+", -9.670648574829102], ["++", -12.277759552001953]]}})",
                                "", "file.json")
        ->encode("c+++++");
  };
  EXPECT_EQ(ids("-11.883077621459961"), (std::vector<TokenId>{1, 3, 3, 2}));
  EXPECT_EQ(ids("-2.0122928619384766"), (std::vector<TokenId>{1, 2, 3, 3}));
}

TEST(JsonTokenizer, RefusalsNameTheReason) {
  const auto refused = [](std::string_view from, std::string_view to, ErrorCode code, const std::string& part) {
    std::string text(kSmall);
    text.replace(text.find(from), from.size(), to);
    try {
      parse_tokenizer_json(text, "", "file.json");
      ADD_FAILURE() << "expected an error about " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).rfind("file.json", 0), 0u) << error.what();
    }
  };
  refused("\"BPE\"", "\"Bigram\"", ErrorCode::unsupported, "Bigram");
  refused("\"type\": \"BPE\", \"vocab\"", "\"vocab\": [], \"x\"", ErrorCode::corrupt_file, "vocab");
  refused("{\"a\": 0", "{\"a\": -1", ErrorCode::corrupt_file, "-1");
  refused("{\"a\": 0", "{\"a\": 4000000000", ErrorCode::corrupt_file, "4000000000");
  refused("\"a b\"", "\"a c\"", ErrorCode::corrupt_file, "a c");
  refused("\"ids\": [4]", "\"ids\": [99]", ErrorCode::corrupt_file, "99");
  refused("\"TemplateProcessing\"", "\"Other\"", ErrorCode::unsupported, "Other");
  refused("{\"added", "\"added", ErrorCode::corrupt_file, "file.json");
  refused("\"model\"", "\"normalizer\": {\"type\": \"Squeeze\"}, \"model\"", ErrorCode::unsupported, "Squeeze");
  refused("\"model\"", R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}}, "model")",
          ErrorCode::unsupported, "regular expression");
}

TEST(FuzzSeeds, AreWholeFiles) {
  int count = 0;
  for (const auto& seed : std::filesystem::directory_iterator(ESTOC_SOURCE_DIR "/tests/fuzz/seeds/tokenizer_fuzz")) {
    const std::string input = read_file(seed.path().string());
    EXPECT_NO_THROW(parse_tokenizer_json(input.substr(0, input.find('\0')), "", "seed")) << seed.path();
    ++count;
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace estoc
