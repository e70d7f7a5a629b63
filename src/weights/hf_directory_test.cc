// Hugging Face directories: whole and sharded, and what can be wrong with them.
#include "weights/hf_directory.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"
#include "weights/safetensors_text.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

constexpr std::string_view kConfig = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})";

std::string one_tensor(std::string_view name) {
  return safetensors_text(fmt::format(R"({{"{}": {{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}}})", name),
                          std::string("\0\0\x80\x3f", 4));
}

class HfDirectoryTest : public testing::Test {
 protected:
  void expect_bad(ErrorCode code, std::string_view words) {
    expect_refused(code, words, [&] { open_weights(directory_.path(), test_naming_rules()); });
  }
  void write_index(std::string_view weight_map) {
    directory_.write("model.safetensors.index.json", fmt::format(R"({{"weight_map": {}}})", weight_map));
  }
  TemporaryDirectory directory_;
};

TEST_F(HfDirectoryTest, opens_a_single_file) {
  directory_.write("config.json", kConfig);
  directory_.write("generation_config.json", R"({"eos_token_id": [1, 2]})");
  directory_.write("model.safetensors", one_tensor("model.norm.weight"));
  const auto source = open_weights(directory_.path(), test_naming_rules());
  EXPECT_EQ(source->container(), "safetensors");
  EXPECT_EQ(source->config(), parse_json(kConfig));
  EXPECT_EQ(source->generation_config(), parse_json(R"({"eos_token_id": [1, 2]})"));
  EXPECT_EQ(source->metadata(), nullptr);
  ASSERT_NE(source->find("model.norm.weight"), nullptr);
  float value = 0;
  source->release_pages();
  source->find("model.norm.weight")->decode_row(0, &value);
  EXPECT_EQ(value, 1.0f);
}

TEST_F(HfDirectoryTest, numbers_that_json_has_not_are_named) {
  directory_.write("config.json",
                   R"({"limits": [0.0, Infinity, -Infinity,NaN], "text": "Infinity, \"NaN\" \\", "last": Infinity})");
  directory_.write("model.safetensors", one_tensor("model.norm.weight"));
  EXPECT_EQ(open_weights(directory_.path(), test_naming_rules())->config(),
            parse_json(R"({"limits": [0.0, {"__float__": "Infinity"}, {"__float__": "-Infinity"}, {"__float__": "NaN"}],
                           "text": "Infinity, \"NaN\" \\", "last": {"__float__": "Infinity"}})"));
}

TEST_F(HfDirectoryTest, opens_shards_by_the_index) {
  directory_.write("config.json", kConfig);
  const std::string first = one_tensor("a");
  directory_.write("one.safetensors", first);
  directory_.write("two.safetensors", one_tensor("b"));
  write_index(R"({"b": "two.safetensors", "a": "one.safetensors"})");
  const auto source = open_weights(directory_.path(), test_naming_rules());
  ASSERT_EQ(source->tensors().size(), 2u);
  EXPECT_EQ(source->find("a")->file, directory_.path() + "/one.safetensors");
  EXPECT_EQ(source->file_bytes(), 2 * first.size());
  EXPECT_TRUE(source->generation_config().is_null());
}

TEST_F(HfDirectoryTest, refuses_shards_that_contradict_the_index) {
  directory_.write("config.json", kConfig);
  directory_.write("one.safetensors", one_tensor("a"));
  directory_.write("two.safetensors", one_tensor("a"));
  write_index(R"({"a": "one.safetensors", "c": "one.safetensors"})");
  expect_bad(ErrorCode::corrupt_file, "tensor 'c' should be in 'one.safetensors' and is not");
  write_index(R"({"a": "one.safetensors", "b": "two.safetensors"})");
  expect_bad(ErrorCode::corrupt_file, "tensor 'a' is the same as 'a' of");
  write_index(R"({"a": "three.safetensors"})");
  expect_bad(ErrorCode::not_found, "three.safetensors");
  write_index("7");
  expect_bad(ErrorCode::corrupt_file, "has no object 'weight_map'");
  for (const char* outside : {"../one.safetensors", "/etc/passwd", "..", ".", "", "a\\\\b", "sub/one.safetensors"}) {
    write_index(fmt::format(R"({{"a": "{}"}})", outside));
    expect_bad(ErrorCode::corrupt_file, "expected the name of a file beside the index");
  }
  write_index(R"({"a": 7})");
  expect_bad(ErrorCode::corrupt_file, "tensor 'a' is in 'integer'");
}

TEST_F(HfDirectoryTest, refuses_directories_that_are_no_model) {
  expect_bad(ErrorCode::not_found, "has no config.json");
  directory_.write("config.json", kConfig);
  expect_bad(ErrorCode::not_found, "has neither model.safetensors nor model.safetensors.index.json");
  directory_.write("model.safetensors", one_tensor("a"));
  directory_.write("config.json", "{");
  expect_bad(ErrorCode::corrupt_file, "config.json: is not valid JSON");
  directory_.write("config.json", "[]");
  expect_bad(ErrorCode::corrupt_file, "config.json: is array, expected a JSON object");
  directory_.write("config.json", R"({"quantization_config": {"quant_method": "gptq"}})");
  expect_bad(ErrorCode::unsupported, "quantized with 'gptq'");
  directory_.write("config.json", R"({"quantization_config": {"quant_method": "mxfp4"}})");
  open_weights(directory_.path(), test_naming_rules());  // which tensors are is told by their names
}

}  // namespace
}  // namespace estoc
