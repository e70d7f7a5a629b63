#include <gtest/gtest.h>

#include <chrono>

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
  refused("\"BPE\"", "\"Unigram\"", ErrorCode::unsupported, "Unigram");
  refused("\"type\": \"BPE\", \"vocab\"", "\"vocab\": [], \"x\"", ErrorCode::corrupt_file, "vocab");
  refused("{\"a\": 0", "{\"a\": -1", ErrorCode::corrupt_file, "-1");
  refused("{\"a\": 0", "{\"a\": 4000000000", ErrorCode::corrupt_file, "4000000000");
  refused("\"a b\"", "\"a c\"", ErrorCode::corrupt_file, "a c");
  refused("\"ids\": [4]", "\"ids\": [99]", ErrorCode::corrupt_file, "99");
  refused("\"TemplateProcessing\"", "\"Other\"", ErrorCode::unsupported, "Other");
  refused("{\"added", "\"added", ErrorCode::corrupt_file, "file.json");
  refused("\"model\"", "\"normalizer\": {\"type\": \"Precompiled\"}, \"model\"", ErrorCode::unsupported, "Precompiled");
  refused("\"model\"", R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}}, "model")",
          ErrorCode::unsupported, "regular expression");
}

// Bytes of `text` that every vocabulary must give back, by decoding and by joining token_bytes.
void expect_round_trip(const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text, kAsText);
  EXPECT_EQ(tokenizer.decode(ids), text);
}

class SharedJson : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_shared("tokenizers/hf")) GTEST_SKIP() << "no shared data";
  }
  static std::unique_ptr<Tokenizer> open(const std::string& name) {
    return open_tokenizer_json(shared_path("tokenizers/hf/" + name));
  }
  // From tokenizer.json alone, without the configuration beside it.
  static std::unique_ptr<Tokenizer> open_alone(const std::string& name) {
    return parse_tokenizer_json(read_file(shared_path("tokenizers/hf/" + name + "/tokenizer.json")), "", name);
  }
  // The text of an expectation file, its ids, and the same ids spelled as tokens.
  static void expect_file(const Tokenizer& tokenizer, const std::string& name, bool has_special) {
    SCOPED_TRACE(name);
    const Json json = parse_json(read_file(shared_path("tokenizers/expected/" + name)));
    const std::string& text = json.find("text")->as_string();
    const auto ids = ids_of(*json.find("token_ids"));
    EXPECT_EQ(tokenizer.encode(text, {.add_special = has_special}), ids);
    EXPECT_EQ(tokenizer.decode(ids), text);
  }
};

TEST_F(SharedJson, Llama2AgreesWithTheExpectation) { expect_file(*open_alone("llama-2"), "llama_encoded.json", true); }

TEST_F(SharedJson, Gpt2VocabulariesAgreeWithTheExpectation) {
  expect_file(*open("phi-2"), "gpt2_encoded_tokens.json", false);
}

TEST_F(SharedJson, WhisperTextAgreesWithTheExpectation) {
  const auto tokenizer = open("whisper-tiny");
  const Json json = parse_json(read_file(shared_path("tokenizers/expected/whisper_large_v2_encoded.json")));
  auto ids = ids_of(*json.find("token_ids"));
  // <|startoftranscript|> <|notimestamps|> before, <|endoftext|> after: their ids differ between the sizes.
  ASSERT_GT(ids.size(), 3u);
  const std::vector<TokenId> text_ids(ids.begin() + 2, ids.end() - 1);
  EXPECT_EQ(tokenizer->encode(json.find("text")->as_string(), kPlain), text_ids);
}

TEST_F(SharedJson, Llama2AgreesWithItsGgufVocabulary) {
  const std::string path = shared_path("tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const MappedFile file(path);
  const auto by_scores = build_tokenizer(GgufVocabReader::read(file));
  const auto by_merges = open_alone("llama-2");
  const std::string text = read_file(shared_path("text/tinyshakespeare.txt")).substr(0, 200000);
  EXPECT_EQ(by_scores->encode(text), by_merges->encode(text));
  EXPECT_EQ(by_scores->adds_bos(), by_merges->adds_bos());
}

TEST_F(SharedJson, UnsupportedModelsAreNamed) {
  for (const char* name : {"t5-small", "bert-base-uncased", "all-minilm-l6-v2", "clip"}) {
    try {
      open(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    }
  }
}

TEST_F(SharedJson, LongAndOneSidedTextsStayCheap) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* name : {"phi-2", "phi-3-mini"}) {
    const auto tokenizer = open(name);
    const size_t count = 1 << 16;
    for (const char* unit : {"a", " ", "7", "\n", "\xF0\x9F\x98\x80", "\xE4\xBD\xA0", "ab", "<", "'"}) {
      std::string text;
      while (text.size() < count) text += unit;
      expect_round_trip(*tokenizer, text);
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST_F(SharedJson, RealTextRoundTrips) {
  for (const char* name : {"phi-2", "roberta-base", "whisper-tiny", "phi-3-mini"}) {
    const auto tokenizer = open(name);
    for (const char* file : {"text/tinyshakespeare.txt", "text/wikitext2_test.txt", "text/humaneval_000_079.jsonl"}) {
      const std::string text = read_file(shared_path(file));
      size_t end = std::min<size_t>(text.size(), 60000);
      while (end > 0 && (static_cast<unsigned char>(text[end - 1]) & 0x80) != 0) --end;
      expect_round_trip(*tokenizer, text.substr(0, end));
    }
  }
}

}  // namespace
}  // namespace estoc
