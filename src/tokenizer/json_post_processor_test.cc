// What a tokenizer.json puts around a text, by every kind of post-processor it may have.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

std::unique_ptr<Tokenizer> tokenizer_with(const std::string& post_processor) {
  return parse_tokenizer_json(R"({"added_tokens": [
      {"id": 1, "content": "<s>", "special": true, "normalized": false},
      {"id": 2, "content": "</s>", "special": true, "normalized": false}],
    "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "post_processor": )" +
                                  post_processor + "}",
                              "", "file.json");
}

std::vector<TokenId> encoded(const std::string& post_processor) { return tokenizer_with(post_processor)->encode("a"); }

// Items of "single": S and E for the two special tokens, A for the text.
std::string template_of(std::string_view items) {
  std::string single;
  for (const char item : items) {
    if (!single.empty()) single += ',';
    single += item == 'A' ? R"({"Sequence": {"id": "A", "type_id": 0}})"
                          : std::string(R"({"SpecialToken": {"id": ")") + item + R"(", "type_id": 0}})";
  }
  return R"({"type": "TemplateProcessing", "single": [)" + single + R"(], "special_tokens": {
      "S": {"id": "S", "ids": [1], "tokens": ["<s>"]}, "E": {"id": "E", "ids": [2, 2], "tokens": ["</s>", "</s>"]}}})";
}

constexpr const char* kRoberta = R"({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1],
    "trim_offsets": true, "add_prefix_space": false})";
constexpr const char* kByteLevel = R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false})";

using Ids = std::vector<TokenId>;

TEST(JsonPostProcessor, ATemplateHasTokensOnBothSides) {
  EXPECT_EQ(encoded(template_of("SA")), (Ids{1, 0}));
  EXPECT_EQ(encoded(template_of("AE")), (Ids{0, 2, 2}));
  EXPECT_EQ(encoded(template_of("SSAS")), (Ids{1, 1, 0, 1}));
  EXPECT_EQ(encoded(template_of("A")), Ids{0});
}

TEST(JsonPostProcessor, ClsAndSepStandBeforeAndBehind) {
  EXPECT_EQ(encoded(kRoberta), (Ids{1, 0, 2}));
  EXPECT_EQ(encoded(R"({"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]})"), (Ids{1, 0, 2}));
}

TEST(JsonPostProcessor, ByteLevelAddsNothing) { EXPECT_EQ(encoded(kByteLevel), Ids{0}); }

TEST(JsonPostProcessor, OfASequenceTheLaterStandFurtherOut) {
  const auto sequence = [](const std::string& first, const std::string& second) {
    return R"({"type": "Sequence", "processors": [)" + first + "," + second + "]}";
  };
  EXPECT_EQ(encoded(sequence(kByteLevel, template_of("SA"))), (Ids{1, 0}));
  EXPECT_EQ(encoded(sequence(template_of("EAS"), kRoberta)), (Ids{1, 2, 2, 0, 1, 2}));
}

TEST(JsonPostProcessor, WhatCannotBeIsRefused) {
  const auto expect_refused = [](const std::string& post_processor, ErrorCode code, std::string_view words) {
    try {
      tokenizer_with(post_processor);
      ADD_FAILURE() << "accepted " << post_processor;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos) << error.what();
    }
  };
  expect_refused(template_of("AA"), ErrorCode::unsupported, "a template that repeats the text");
  expect_refused(template_of("SE"), ErrorCode::unsupported, "a template without the text");
  expect_refused(template_of("XA"), ErrorCode::corrupt_file, "X");
  expect_refused(R"({"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>"]})", ErrorCode::corrupt_file,
                 "cls is not a pair");
  expect_refused(R"({"type": "BertProcessing", "sep": ["</s>", -2], "cls": ["<s>", 1]})", ErrorCode::corrupt_file,
                 "expected a number from 0 on");
  expect_refused(R"({"type": "Sequence", "processors": [{"type": "Other"}]})", ErrorCode::unsupported, "Other");
}

}  // namespace
}  // namespace estoc
