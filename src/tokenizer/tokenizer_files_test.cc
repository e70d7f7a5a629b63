// Files beside tokenizer.json: tiktoken's ranks, SentencePiece's models, what tokenizer_config.json adds, and what a
// folder's tokenizer is. Ids against the libraries are in golden_test.cc and tests/conformance.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/test_directory.h"
#include "tokenizer/base64.h"
#include "tokenizer/test_data.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

using Ids = std::vector<TokenId>;

template <typename Make>
void expect_refused(const Make& make, ErrorCode code, std::string_view words) {
  try {
    make();
    ADD_FAILURE() << "accepted, expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos) << error.what();
  }
}

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += at + i > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * i) & 63];
  }
  return text;
}

TEST(Base64, ComesBack) {
  for (const char* text : {"", "a", "ab", "abc", "abcd", "\xFF\xFE\x00z"})
    EXPECT_EQ(bytes_of_base64(base64_of(text)), text);
  EXPECT_EQ(bytes_of_base64("YQ"), "a");
  for (const char* wrong : {"a", "YQ=Q", "Y Q=", "YQ==="}) EXPECT_EQ(bytes_of_base64(wrong), std::nullopt) << wrong;
}

// All bytes, then "ab", "bc", "abc".
std::string ranks() {
  std::string text;
  int rank = 0;
  for (int byte = 0; byte < 256; ++byte)
    text += fmt::format("{} {}\n", base64_of(std::string(1, static_cast<char>(byte))), rank++);
  for (const char* token : {"ab", "bc", "abc"}) text += fmt::format("{} {}\n", base64_of(token), rank++);
  return text;
}

TEST(Tiktoken, MergesByRankAndTakesSpecialTokensFromTheConfig) {
  const auto tokenizer = parse_tiktoken(ranks(), R"({"pat_str": "[a-z]+|[^a-z]+", "added_tokens_decoder": {
      "300": {"content": "<|end|>", "special": true}, "259": {"content": "<|mid|>"}}, "eos_token": "<|end|>"})",
                                        "ranks");
  EXPECT_EQ(tokenizer->encode("abc"), Ids{258});
  EXPECT_EQ(tokenizer->encode("abcbc ab<|end|>"), (Ids{258, 257, ' ', 256, 300}));
  EXPECT_EQ(tokenizer->encode("\xFF<|mid|>"), (Ids{0xFF, 259}));
  EXPECT_EQ(tokenizer->encode("<|end|>", kAsText).size(), 7u);
  EXPECT_EQ(tokenizer->eos(), 300);
  EXPECT_TRUE(tokenizer->is_special(300));
  EXPECT_FALSE(tokenizer->is_special(259));
  EXPECT_EQ(tokenizer->decode(Ids{258, 256, 300, 280}), "abcab");
}

TEST(Tiktoken, KnowsTheClassesOfPublishedModels) {
  const auto qwen = parse_tiktoken(ranks(), R"({"tokenizer_class": "QWenTokenizer"})", "ranks");
  EXPECT_EQ(qwen->find("<|im_end|>"), 261);
  EXPECT_EQ(qwen->find("<|extra_204|>"), 466);
  EXPECT_EQ(qwen->vocab_count(), 467);
  const auto glm = parse_tiktoken(ranks(), R"({"tokenizer_class": "ChatGLM4Tokenizer", "added_tokens_decoder": {
      "259": {"content": "[gMASK]", "special": true}, "260": {"content": "<sop>", "special": true}}})",
                                  "ranks");
  EXPECT_EQ(glm->encode("ab"), (Ids{259, 260, 256}));
}

TEST(Tiktoken, RefusalsNameTheReason) {
  const auto parse = [](const std::string& text, std::string_view config) {
    return [=] { parse_tiktoken(text, config, "file"); };
  };
  constexpr std::string_view kConfig = R"({"pat_str": "a"})";
  expect_refused(parse(ranks(), ""), ErrorCode::unsupported, "file: does not say how text is cut");
  expect_refused(parse(ranks(), R"({"tokenizer_class": "Own"})"), ErrorCode::unsupported, "tokenizer_class \"Own\"");
  expect_refused(parse(ranks(), R"({"pat_str": "("})"), ErrorCode::unsupported, "regular expression");
  expect_refused(parse(ranks() + "YWJj x\n", kConfig), ErrorCode::corrupt_file, "line 260 is \"YWJj x\"");
  expect_refused(parse(ranks() + "!! 300\n", kConfig), ErrorCode::corrupt_file, "line 260");
  expect_refused(parse(ranks() + "YWJj 3\n", kConfig), ErrorCode::corrupt_file, "gives rank 3 a second time");
  expect_refused(parse(ranks() + "YWJj 4000000000\n", kConfig), ErrorCode::corrupt_file, "rank 4000000000");
  expect_refused(parse("YQ== 0\n", kConfig), ErrorCode::corrupt_file, "no token for the byte 0");
  expect_refused(parse(ranks(), R"({"pat_str": "a", "added_tokens_decoder": {"9999999": {"content": "x"}}})"),
                 ErrorCode::corrupt_file, "\"9999999\" is no id");
}

std::string small_sentencepiece(const char* name) {
  const Json golden = read_golden("tokenizer_sentencepiece.json");
  for (const Json& entry : golden.as_array()) {
    if (entry.find("name")->as_string() == name) return *bytes_of_base64(entry.find("model")->as_string());
  }
  return {};
}

TEST(SentencePiece, TheConfigSaysWhatGoesAround) {
  const std::string unigram = small_sentencepiece("unigram"), bpe = small_sentencepiece("bpe");
  EXPECT_TRUE(parse_sentencepiece(bpe, "", "bpe")->adds_bos());
  EXPECT_FALSE(parse_sentencepiece(unigram, "", "unigram")->adds_bos());
  const auto t5 = parse_sentencepiece(unigram, R"({"tokenizer_class": "T5Tokenizer", "added_tokens_decoder": {
      "900": {"content": "<extra_id_0>", "special": true}}})",
                                      "t5");
  EXPECT_EQ(t5->encode("Hello <extra_id_0>").back(), 2);
  EXPECT_EQ(t5->find("<extra_id_0>"), 900);
  const auto without = parse_sentencepiece(bpe, R"({"add_bos_token": false, "bos_token": "<s>"})", "bpe");
  EXPECT_FALSE(without->adds_bos());
  EXPECT_EQ(without->decode(without->encode("Hello world")), "Hello world");
  expect_refused([&] { parse_sentencepiece(unigram, R"({"tokenizer_class": "XLMRobertaTokenizerFast"})", "x"); },
                 ErrorCode::unsupported, "XLMRobertaTokenizer numbers them");
}

TEST(SentencePiece, WhatIsNoModelIsRefused) {
  const auto refuse = [](const std::string& bytes, ErrorCode code, std::string_view words) {
    expect_refused([&] { parse_sentencepiece(bytes, "", "file"); }, code, words);
  };
  using std::string_literals::operator""s;
  refuse("", ErrorCode::corrupt_file, "file: has no pieces");
  refuse("\x0A\x7Fxx", ErrorCode::corrupt_file, "ends within a field of 127 bytes");
  refuse("\x0F", ErrorCode::corrupt_file, "is of the kind 7");
  refuse(std::string(11, '\xFF'), ErrorCode::corrupt_file, "more than 64 bits");
  refuse("\x08\x01"s, ErrorCode::corrupt_file, "field 1 is not bytes");
  refuse("\x0A\x02\x10\x01"s, ErrorCode::corrupt_file, "field 2 is not a float");
  const std::string piece = "\x0A\x03\x0A\x01"s + "a";
  refuse("\x0A\x05\x0A\x01"s + "a\x18\x09"s, ErrorCode::corrupt_file, "piece 0 is of the type 9");
  refuse(piece + "\x12\x02\x18\x03"s, ErrorCode::unsupported, "models of words are not supported");
  refuse(piece + "\x12\x03\xC0\x01\x01"s, ErrorCode::unsupported, "treat_whitespace_as_suffix");
  refuse(piece + "\x12\x03\xC0\x02\x05"s, ErrorCode::corrupt_file, "id 5");
  refuse(piece + "\x1A\x04\x12\x02zz"s, ErrorCode::corrupt_file, "the map of characters has 2 bytes");
  refuse(piece + "\x1A\x06\x12\x04\xFF\x00\x00\x00"s, ErrorCode::corrupt_file, "gives its trie 255 bytes of 0");
  refuse(piece + "\x2A\x05\x12\x03xyz"s, ErrorCode::unsupported, "a denormalizer");
}

// A map of characters whose offsets all lead out of it matches nothing.
TEST(SentencePiece, TrustsNoOffsetOfAMap) {
  using std::string_literals::operator""s;
  const std::string piece = "\x0A\x03\x0A\x01"s + "a";
  const std::string map = "\x08\x00\x00\x00\x00\xFF\xFF\x7F\x61\xFF\xFF\xFF"s;
  const auto tokenizer = parse_sentencepiece(piece + "\x1A\x0E\x12\x0C"s + map, "", "file");
  EXPECT_EQ(tokenizer->encode("a", kAsText), Ids{0});
}

TEST(OpenTokenizer, TakesWhatAFolderHas) {
  const TemporaryDirectory folder;
  const std::string& path = folder.path();
  expect_refused([&] { open_tokenizer(path); }, ErrorCode::not_found,
                 "has no tokenizer, expected one of tokenizer.json");
  folder.write("qwen.tiktoken", ranks());
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "QWenTokenizer"})");
  EXPECT_EQ(open_tokenizer(path)->vocab_count(), 467);
  EXPECT_EQ(open_tokenizer(path + "/qwen.tiktoken")->vocab_count(), 467);
  folder.write("tokenizer.model", small_sentencepiece("bpe"));
  EXPECT_TRUE(open_tokenizer(path)->find("<s>").has_value());
  folder.write("tokenizer.model", ranks());
  EXPECT_EQ(open_tokenizer(path)->vocab_count(), 467);
}

constexpr std::string_view kWithLengths = R"({"truncation": TRUNCATION, "padding": PADDING,
  "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}})";

std::unique_ptr<Tokenizer> with_lengths(std::string_view truncation, std::string_view padding) {
  std::string text(kWithLengths);
  text.replace(text.find("PADDING"), 7, padding);
  text.replace(text.find("TRUNCATION"), 10, truncation);
  return parse_tokenizer_json(text, "", "file.json");
}

TEST(Lengths, AreReadAndLeftToTheCaller) {
  const auto none = with_lengths("null", "null");
  EXPECT_FALSE(none->truncation().has_value());
  EXPECT_FALSE(none->padding().has_value());
  const auto both = with_lengths(R"({"max_length": 4, "stride": 1, "strategy": "OnlySecond", "direction": "Left"})",
                                 R"({"strategy": {"Fixed": 8}, "direction": "Left", "pad_id": 3, "pad_type_id": 2,
                                     "pad_token": "x", "pad_to_multiple_of": 4})");
  EXPECT_EQ(both->truncation()->max_length, 4);
  EXPECT_EQ(both->truncation()->stride, 1);
  EXPECT_EQ(both->truncation()->strategy, Truncation::Strategy::only_second);
  EXPECT_TRUE(both->truncation()->cuts_left);
  EXPECT_EQ(both->padding()->length, 8);
  EXPECT_EQ(both->padding()->multiple, 4);
  EXPECT_TRUE(both->padding()->pads_left);
  EXPECT_EQ(both->padding()->id, 3);
  EXPECT_EQ(both->padding()->segment, 2);
  EXPECT_EQ(both->encode("a").size(), 1u);
  expect_refused([] { with_lengths(R"({"max_length": -1})", "null"); }, ErrorCode::corrupt_file,
                 "max_length is -1, expected 0 or more");
  expect_refused([] { with_lengths(R"({"strategy": "Any"})", "null"); }, ErrorCode::corrupt_file,
                 "strategy is \"Any\"");
  expect_refused([] { with_lengths("null", R"({"direction": "Up"})"); }, ErrorCode::corrupt_file,
                 "direction is \"Up\"");
}

TEST(Tokens, AreNotLongerThanAnyRealOne) {
  const auto parse = [](size_t bytes) {
    const std::string token(bytes, 'a');
    return parse_tokenizer_json(
        R"({"model": {"type": "WordPiece", "unk_token": "u", "vocab": {"u": 0, ")" + token + "\": 1}}}", "",
        "file.json");
  };
  EXPECT_EQ(parse(4096)->vocab_count(), 2);
  expect_refused([&] { parse(4097); }, ErrorCode::corrupt_file,
                 "file.json: token 1 is 4097 bytes long, expected at most 4096");
  const std::string long_token(4097, 'a');
  GgufVocab vocab{.source = "file.gguf", .model = "bert", .tokens = {"[UNK]", long_token}};
  expect_refused([&] { build_tokenizer(vocab); }, ErrorCode::corrupt_file, "token 1 is 4097 bytes long");
}

TEST(Components, AreBoundedInNumberAndDepth) {
  const auto parse = [](const std::string& normalizer) {
    return [=] {
      parse_tokenizer_json(R"({"normalizer": )" + normalizer +
                               R"(, "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}})",
                           "", "file.json");
    };
  };
  const std::string open = R"({"type": "Sequence", "normalizers": [)";
  std::string nested = R"({"type": "NFC"})", wide = R"({"type": "NFC"})";
  for (int i = 0; i < 9; ++i) nested = open + nested + "]}";
  for (int i = 0; i < 64; ++i) wide += R"(,{"type": "NFC"})";
  expect_refused(parse(nested), ErrorCode::unsupported, "a Sequence in more than 8 others");
  expect_refused(parse(open + wide + "]}"), ErrorCode::unsupported, "a Sequence of more than 64 parts");
  expect_refused(
      parse(R"({"type": "Replace", "pattern": {"String": "a"}, "content": ")" + std::string(65, 'b') + "\"}"),
      ErrorCode::unsupported, "makes texts this much longer");
}

}  // namespace
}  // namespace estoc
