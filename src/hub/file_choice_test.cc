#include "hub/file_choice.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace estoc {
namespace {

TEST(FileChoice, QuantizationsInNames) {
  const std::pair<const char*, const char*> kCases[] = {{"Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
                                                        {"model.q8_0.gguf", "Q8_0"},
                                                        {"Q2_K/x-Q2_K-00001-of-00003.gguf", "Q2_K"},
                                                        {"Q5_K_M/part-00001-of-00003.gguf", "Q5_K_M"},
                                                        {"Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"},
                                                        {"BF16/m-00001-of-00002.gguf", "BF16"},
                                                        {"gpt-oss-20b-mxfp4.gguf", "MXFP4"},
                                                        {"x-IQ4_XS.gguf", "IQ4_XS"},
                                                        {"ggml-model-f16.gguf", "F16"},
                                                        {"Phi-3-mini-4k-instruct-q4.gguf", "Q4"},
                                                        {"a-Q4_K_M-imat.gguf", "Q4_K_M"},
                                                        {"Qwen3-0.6B.gguf", ""},
                                                        {"model.gguf", ""},
                                                        {"x.Q4_0.GGUF", "Q4_0"}};
  for (const auto& [path, label] : kCases) EXPECT_EQ(quant_label(path), label) << path;
}

TEST(FileChoice, PartsBelongTogether) {
  const auto sets = gguf_sets({"a-Q8_0-00002-of-00002.gguf", "b.gguf", "mmproj-x-f16.gguf", "x.imatrix.gguf",
                               "a-Q8_0-00001-of-00002.gguf", "c-00001-of-00003.gguf", "readme.md",
                               "d-00005-of-00002.gguf", "Q4_K_M-00000-of-00000.gguf"});
  ASSERT_EQ(sets.size(), 5u);
  const auto set = [&](const std::string& stem) {
    return *std::find_if(sets.begin(), sets.end(), [&](const GgufSet& s) { return s.stem == stem; });
  };
  EXPECT_EQ(set("a-Q8_0"),
            (GgufSet{"a-Q8_0", "Q8_0", {"a-Q8_0-00001-of-00002.gguf", "a-Q8_0-00002-of-00002.gguf"}, true}));
  EXPECT_TRUE(set("b").is_whole);
  EXPECT_FALSE(set("c").is_whole);
  EXPECT_FALSE(set("d").is_whole);
  EXPECT_FALSE(set("Q4_K_M").is_whole);
}

TEST(FileChoice, OneIsChosenOrASentence) {
  const auto sets = gguf_sets({"m-Q4_K_M.gguf", "m-Q8_0.gguf", "n-Q8_0.gguf", "o-Q6_K-00001-of-00002.gguf"});
  EXPECT_EQ(choose_gguf(sets, "", "r").stem, "m-Q4_K_M");
  EXPECT_EQ(choose_gguf(sets, "q4_k_m", "r").stem, "m-Q4_K_M");
  EXPECT_THROW(choose_gguf(sets, "Q4_K", "r"), Error) << "a part of a name is another name";
  EXPECT_THROW(choose_gguf(sets, "Q8_0", "r"), Error) << "two";
  EXPECT_THROW(choose_gguf(sets, "Q6_K", "r"), Error) << "not whole";
  EXPECT_EQ(choose_gguf_file(sets, "n-Q8_0.gguf", "r").stem, "n-Q8_0");
  EXPECT_THROW(choose_gguf_file(sets, "x.gguf", "r"), Error);
  EXPECT_EQ(choose_gguf(gguf_sets({"only-Q5_0.gguf"}), "", "r").stem, "only-Q5_0");
  EXPECT_THROW(choose_gguf(gguf_sets({"a-Q5_0.gguf", "a-Q6_K.gguf"}), "", "r"), Error);
  EXPECT_THROW(choose_gguf({}, "", "r"), Error);
}

TEST(FileChoice, WhatAnEncodersRowsBecomeIsBesideItsWeights) {
  EXPECT_EQ(
      files_beside_weights({"1_Pooling/config.json", "README.md", "config.json", "modules.json", "onnx/model.onnx",
                            "sentence_bert_config.json"}),
      (std::vector<std::string>{"config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json"}));
}

TEST(FileChoice, IndexesNameFilesBesideThem) {
  EXPECT_EQ(shards_of_index(R"({"weight_map": {"a": "y", "b": "x", "c": "y"}})", "i"),
            (std::vector<std::string>{"x", "y"}));
  for (const char* text :
       {"", "{}", R"({"weight_map": {}})", R"({"weight_map": {"a": 1}})", R"({"weight_map": {"a": "../x"}})",
        R"({"weight_map": {"a": "a/x"}})", R"({"weight_map": ["x"]})"}) {
    EXPECT_THROW(shards_of_index(text, "i"), Error) << text;
  }
}

}  // namespace
}  // namespace estoc
