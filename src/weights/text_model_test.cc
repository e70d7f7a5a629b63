// Text models inside bigger checkpoints: their config, and what of a directory is left out.
#include "weights/text_model.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"
#include "weights/safetensors_text.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

constexpr std::string_view kWhole = R"({"architectures": ["SeeingForConditionalGeneration"], "eos_token_id": 7,
  "bos_token_id": 1, "text_config": {"model_type": "llama_text", "bos_token_id": 2, "num_hidden_layers": 3}})";

Json read(std::string_view config) { return text_config(parse_json(config), test_naming_rules(), "c.json"); }

TEST(TextModel, the_config_inside_becomes_the_config) {
  const Json text = read(kWhole);
  EXPECT_EQ(*text.find("architectures"), Json(Json::Array{"LlamaForCausalLM"}));
  EXPECT_EQ(*text.find("num_hidden_layers"), Json(3));
  EXPECT_EQ(*text.find("hidden_size"), Json(4096));  // left out: what the rules say
  EXPECT_EQ(*text.find("bos_token_id"), Json(2));    // its own
  EXPECT_EQ(*text.find("eos_token_id"), Json(7));    // of the whole
  EXPECT_TRUE(text.find("tie_word_embeddings")->is_null());
}

TEST(TextModel, a_config_without_one_stays_as_it_is) {
  EXPECT_EQ(read(R"({"model_type": "x"})"), parse_json(R"({"model_type": "x"})"));
  EXPECT_EQ(read(R"({"text_config": null})"), parse_json(R"({"text_config": null})"));
}

TEST(TextModel, refuses_what_no_family_reads) {
  expect_refused(ErrorCode::unsupported, "c.json: text_config.model_type 'bert' is not supported (supported: llama_",
                 [] { read(R"({"text_config": {"model_type": "bert"}})"); });
  expect_refused(ErrorCode::corrupt_file, "c.json: text_config has no model_type",
                 [] { read(R"({"text_config": {}})"); });
  expect_refused(ErrorCode::corrupt_file, "c.json: text_config is not an object",
                 [] { read(R"({"text_config": 1})"); });
}

TEST(TextModel, is_what_a_directory_holds) {
  const TemporaryDirectory directory;
  directory.write("config.json", kWhole);
  directory.write("one.safetensors",
                  safetensors_text(R"({"model.visual.w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    "model.language_model.norm.weight": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
                                   std::string("\0\0\0\0\0\0\x80\x3f", 8)));
  directory.write("model.safetensors.index.json",
                  R"({"weight_map": {"model.visual.w": "one.safetensors",
    "model.language_model.norm.weight": "one.safetensors"}})");
  const auto source = open_weights(directory.path(), test_naming_rules());
  ASSERT_EQ(source->tensors().size(), 1u);
  float value = 0;
  source->require("model.norm.weight", {{1}}).decode_row(0, &value);
  EXPECT_EQ(value, 1.0f);
  EXPECT_EQ(source->find("model.norm.weight")->source_name, "model.language_model.norm.weight");
  EXPECT_EQ(*source->config().find("hidden_size"), Json(4096));
}

}  // namespace
}  // namespace estoc
