// tokenizer.json files of real models: encodings by Hugging Face tokenizers, and bytes that come back.
#include <chrono>

#include "conformance/test_shared_data.h"
#include "tokenizer/gguf_vocab_reader.h"
#include "tokenizer/test_golden.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

TEST(JsonVocabularies, EncodeAsHuggingFaceDoes) {
  ESTOC_SKIP_WITHOUT(shared_path("tokenizers/hf"));
  const Json golden = read_golden("tokenizer_shared.json");
  for (const Json& entry : golden.as_array()) {
    const std::string folder = shared_path("tokenizers/hf/" + entry.find("name")->as_string());
    // Without the configuration: the golden is made from tokenizer.json alone.
    const auto tokenizer = parse_tokenizer_json(read_file(folder + "/tokenizer.json"), "", folder);
    check_cases(*tokenizer, entry);
  }
}

// Bytes of `text` that every vocabulary must give back, by decoding and by joining token_bytes.
void expect_round_trip(const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text, kAsText);
  EXPECT_EQ(tokenizer.decode(ids), text);
}

class JsonVocabulary : public testing::Test {
 protected:
  void SetUp() override { ESTOC_SKIP_WITHOUT(shared_path("tokenizers/hf")); }
  static std::unique_ptr<Tokenizer> open(const std::string& name) {
    return open_tokenizer(shared_path("tokenizers/hf/" + name));
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

TEST_F(JsonVocabulary, Llama2AgreesWithTheExpectation) {
  expect_file(*open_alone("llama-2"), "llama_encoded.json", true);
}

TEST_F(JsonVocabulary, Gpt2VocabulariesAgreeWithTheExpectation) {
  expect_file(*open("phi-2"), "gpt2_encoded_tokens.json", false);
}

TEST_F(JsonVocabulary, WhisperTextAgreesWithTheExpectation) {
  const auto tokenizer = open("whisper-tiny");
  const Json json = parse_json(read_file(shared_path("tokenizers/expected/whisper_large_v2_encoded.json")));
  auto ids = ids_of(*json.find("token_ids"));
  // <|startoftranscript|> <|notimestamps|> before, <|endoftext|> after: their ids differ between the sizes.
  ASSERT_GT(ids.size(), 3u);
  const std::vector<TokenId> text_ids(ids.begin() + 2, ids.end() - 1);
  EXPECT_EQ(tokenizer->encode(json.find("text")->as_string(), kPlain), text_ids);
}

TEST_F(JsonVocabulary, Llama2AgreesWithItsGgufVocabulary) {
  const std::string path = shared_path("tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf");
  ESTOC_SKIP_WITHOUT(path);
  const MappedFile file(path);
  const auto by_scores = build_tokenizer(GgufVocabReader::read(file));
  const auto by_merges = open_alone("llama-2");
  const std::string text = read_file(shared_path("text/tinyshakespeare.txt")).substr(0, 200000);
  EXPECT_EQ(by_scores->encode(text), by_merges->encode(text));
  EXPECT_EQ(by_scores->adds_bos(), by_merges->adds_bos());
}

TEST_F(JsonVocabulary, LongAndOneSidedTextsStayCheap) {
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

TEST_F(JsonVocabulary, RealTextRoundTrips) {
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
