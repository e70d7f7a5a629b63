// FP8 checkpoints: which configs are read, which scales belong to which tensor, and what does not fit together.
#include "weights/fp8_scales.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/test_directory.h"
#include "quant/f8.h"
#include "quant/half.h"
#include "weights/safetensors_text.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

// A safetensors file that is put together tensor by tensor.
class File {
 public:
  File& add(std::string_view name, std::string_view dtype, std::string_view shape, std::string_view bytes) {
    header_ += fmt::format(R"({}"{}": {{"dtype": "{}", "shape": {}, "data_offsets": [{}, {}]}})",
                           header_.empty() ? "" : ", ", name, dtype, shape, data_.size(), data_.size() + bytes.size());
    data_ += bytes;
    return *this;
  }
  File& add(std::string_view name, std::string_view shape, const std::vector<float>& values) {
    return add(name, "F32", shape, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  std::string text() const { return safetensors_text("{" + header_ + "}", data_); }

 private:
  std::string header_, data_;
};

// Codes 8, 9, 10...: normal numbers that are all different.
std::string codes(size_t count) {
  std::string text(count, '\0');
  for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>(8 + i % 96);
  return text;
}
float code_value(size_t i) { return f8_e4m3_to_f32(static_cast<uint8_t>(8 + i % 96)); }

class Fp8ScalesTest : public testing::Test {
 protected:
  void write(std::string_view quantization, const File& file) {
    directory_.write("config.json", fmt::format(R"({{"architectures": ["LlamaForCausalLM"], "model_type": "llama",
                                                     "quantization_config": {}}})",
                                                quantization));
    directory_.write("model.safetensors", file.text());
  }
  std::unique_ptr<WeightSource> open() { return open_weights(directory_.path(), test_naming_rules()); }
  void expect_bad(ErrorCode code, std::string_view words) {
    expect_refused(code, words, [&] { open(); });
  }
  // Of "m.weight" [rows, columns] whose codes are codes(rows * columns).
  template <typename Scale>
  void expect_values(int64_t rows, int64_t columns, Scale&& scale) {
    const auto source = open();
    ASSERT_EQ(source->tensors().size(), 1u);
    const WeightTensor* const tensor = source->find("m.weight");
    ASSERT_NE(tensor, nullptr);
    std::vector<float> row(static_cast<size_t>(columns));
    for (int64_t r = 0; r < rows; ++r) {
      tensor->decode_row(r, row.data());
      for (int64_t c = 0; c < columns; ++c) {
        ASSERT_EQ(row[static_cast<size_t>(c)], code_value(static_cast<size_t>(r * columns + c)) * scale(r, c))
            << r << " " << c;
      }
    }
  }

  TemporaryDirectory directory_;
};

constexpr std::string_view kFp8 = R"({"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3"})";
constexpr std::string_view kBlocks = R"({"quant_method": "fp8", "weight_block_size": [2, 4]})";

TEST_F(Fp8ScalesTest, one_scale_of_a_tensor) {
  for (const char* shape : {"[]", "[1]", "[1, 1]"}) {
    const bool is_long = shape == std::string_view("[1]");  // as MiniMax-M2 calls it
    write(is_long ? R"({"quant_method": "fp8", "fmt": "float8_e4m3fn"})" : kFp8,
          File().add("m.weight", "F8_E4M3", "[3, 5]", codes(15)).add("m.weight_scale", shape, {0.3f}));
    expect_values(3, 5, [](int64_t, int64_t) { return 0.3f; });
  }
}

TEST_F(Fp8ScalesTest, a_scale_a_row) {
  for (const char* shape : {"[3]", "[3, 1]"}) {
    for (const char* config : {R"({"quant_method": "fbgemm_fp8"})",
                               R"({"quant_method": "modelopt", "quant_algo": "FP8_PER_CHANNEL_PER_TOKEN"})"}) {
      write(config, File().add("m.weight", "F8_E4M3", "[3, 5]", codes(15)).add("m.weight_scale", shape, {1, 0.3f, 3}));
      expect_values(3, 5, [](int64_t r, int64_t) { return r == 0 ? 1.0f : r == 1 ? 0.3f : 3.0f; });
    }
  }
}

// Blocks at the edges have fewer rows and columns.
TEST_F(Fp8ScalesTest, a_scale_a_block) {
  const std::vector<float> scales{1, 2, 3, 0.1f, 0.2f, 0.3f};
  write(kBlocks,
        File().add("m.weight_scale_inv", "[2, 3]", scales).add("m.weight", "F8_E4M3", "[3, 9]", codes(27)));
  expect_values(3, 9, [&](int64_t r, int64_t c) { return scales[static_cast<size_t>(r / 2 * 3 + c / 4)]; });
}

TEST_F(Fp8ScalesTest, scales_of_other_types) {
  const uint16_t bf16 = f32_to_bf16(0.75f);
  write(kFp8, File()
                  .add("m.weight", "F8_E4M3", "[1, 2]", codes(2))
                  .add("m.weight_scale", "BF16", "[1]", {reinterpret_cast<const char*>(&bf16), 2}));
  expect_values(1, 2, [](int64_t, int64_t) { return 0.75f; });
  write(kBlocks, File()
                     .add("m.weight", "F8_E4M3", "[2, 8]", codes(16))
                     .add("m.weight_scale_inv", "F8_E8M0", "[1, 2]", "\x7d\x80"));
  expect_values(2, 8, [](int64_t, int64_t c) { return c < 4 ? 0.25f : 2.0f; });
  write(kFp8, File()
                  .add("m.weight", "F8_E4M3", "[1, 2]", codes(2))
                  .add("m.weight_scale", "U8", "[1]", "\x7d"));
  expect_bad(ErrorCode::corrupt_file, "'m.weight_scale' is stored as u8, expected f32, bf16, f16 or f8_e8m0");
}

TEST_F(Fp8ScalesTest, groups_of_compressed_tensors) {
  constexpr std::string_view kGroups = R"({{"quant_method": "compressed-tensors", "format": "{}",
    "config_groups": {{"group_0": {{"targets": ["Linear"], "weights": {}}}}}, "ignore": ["lm_head"]}})";
  const auto config = [&](std::string_view format, std::string_view weights) {
    return fmt::format(fmt::runtime(kGroups), format, weights);
  };
  const File rows =
      File().add("m.weight", "F8_E4M3", "[2, 5]", codes(10)).add("m.weight_scale", "[2, 1]", std::vector{2.0f, 3.0f});
  write(config("float-quantized", R"({"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": true})"),
        rows);
  expect_values(2, 5, [](int64_t r, int64_t) { return r == 0 ? 2.0f : 3.0f; });
  const File blocks =
      File().add("m.weight", "F8_E4M3", "[2, 5]", codes(10)).add("m.weight_scale", "[1, 2]", std::vector{2.0f, 3.0f});
  write(config("float-quantized",
               R"({"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [2, 4]})"),
        blocks);
  expect_values(2, 5, [](int64_t, int64_t c) { return c < 4 ? 2.0f : 3.0f; });

  write(config("pack-quantized", R"({"num_bits": 4, "type": "int", "strategy": "group"})"), rows);
  expect_bad(ErrorCode::unsupported, "in format 'pack-quantized' (float-quantized is)");
  write(config("float-quantized", R"({"num_bits": 4, "type": "float", "strategy": "group"})"), rows);
  expect_bad(ErrorCode::unsupported, "symmetric floats of 8 bits are");
  write(config("float-quantized", R"({"num_bits": 8, "type": "float", "strategy": "group", "group_size": 32})"), rows);
  expect_bad(ErrorCode::unsupported, "strategy 'group' (tensor, channel and block are)");
  write(R"({"quant_method": "compressed-tensors", "config_groups": {}})", rows);
  expect_bad(ErrorCode::corrupt_file, "has no config_groups");
  write(R"({"quant_method": "compressed-tensors", "config_groups": {"a": {"format": "float-quantized"}}})", rows);
  expect_bad(ErrorCode::corrupt_file, "a of config_groups has no weights");
  write(R"({"quant_method": "compressed-tensors", "transform_config": {"config_groups": 1}, "config_groups": {}})",
        rows);
  expect_bad(ErrorCode::unsupported, "and a transform_config");
}

TEST_F(Fp8ScalesTest, an_exporter_s_own_config) {
  directory_.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})");
  directory_.write("hf_quant_config.json", R"({"producer": {}, "quantization": {"quant_algo": "FP8"}})");
  directory_.write("model.safetensors", File()
                                            .add("m.weight", "F8_E4M3", "[3, 5]", codes(15))
                                            .add("m.weight_scale", "[]", {0.5f})
                                            .add("m.input_scale", "[]", {0.1f})
                                            .add("m.k_proj.k_scale", "[]", {0.1f})
                                            .text());
  expect_values(3, 5, [](int64_t, int64_t) { return 0.5f; });
  directory_.write("hf_quant_config.json", R"({"quantization": {"quant_algo": "NVFP4"}})");
  expect_bad(ErrorCode::unsupported, "'modelopt' by 'NVFP4'");
}

TEST_F(Fp8ScalesTest, what_does_not_fit_is_named) {
  const auto matrix = [] { return File().add("m.weight", "F8_E4M3", "[3, 9]", codes(27)); };
  write(kBlocks, matrix().add("m.weight_scale_inv", "[1, 3]", {1, 2, 3}));
  expect_bad(ErrorCode::corrupt_file,
             "'m.weight_scale_inv' has shape [1, 3], expected [2, 3]: a factor for 2 x 4 values of 'm.weight' [3, 9]");
  write(kFp8, matrix().add("m.weight_scale", "[9]", std::vector<float>(9, 1.0f)));
  expect_bad(ErrorCode::corrupt_file, "has shape [9], expected one factor or one for each row of 'm.weight' [3, 9]");
  write(kFp8, matrix());
  expect_bad(ErrorCode::corrupt_file,
             "'m.weight' is FP8 of shape [3, 9], expected a matrix and its scale 'm.weight_scale'");
  write(kBlocks, matrix());
  expect_bad(ErrorCode::corrupt_file, "and its scale 'm.weight_scale_inv'");
  write(kFp8, File().add("m.weight", "F8_E4M3", "[0, 9]", "").add("m.weight_scale", "[]", {1}));
  expect_bad(ErrorCode::corrupt_file, "is FP8 of shape [0, 9], expected a matrix");
  write(kFp8, File().add("m.weight", "F32", "[1, 1]", std::string(4, '\0')).add("m.weight_scale", "[]", {1}));
  expect_bad(ErrorCode::corrupt_file, "'m.weight_scale' has no FP8 tensor beside it that it scales");
  write(kFp8, matrix().add("m.weight_scale", "[3]", {1, INFINITY, 1}));
  expect_bad(ErrorCode::corrupt_file, "element 1 of tensor 'm.weight_scale' is inf, expected a finite factor");
  write("null", matrix().add("m.weight_scale", "[]", {1}));
  expect_bad(ErrorCode::unsupported, "'m.weight' is FP8, expected a quantization_config in");
  write(kFp8, File().add("m.weight", "F8_E5M2", "[3, 9]", codes(27)).add("m.weight_scale", "[]", {1}));
  expect_bad(ErrorCode::unsupported, "has dtype 'F8_E5M2', which is not supported");
}

TEST_F(Fp8ScalesTest, other_configs_are_refused) {
  const File file = File().add("m.weight", "[1]", {1});
  const auto expect = [&](std::string_view config, std::string_view words) {
    write(config, file);
    SCOPED_TRACE(config);
    expect_refused(config.find("size") == std::string_view::npos ? ErrorCode::unsupported : ErrorCode::corrupt_file,
                   words, [&] { open(); });
  };
  expect(R"({"quant_method": "awq"})", "quantized with 'awq', which");
  expect("{}", "'an unknown method'");
  expect("7", "'an unknown method'");
  expect(R"({"quant_method": "fp8", "fmt": "e5m2"})", "as \"e5m2\" (e4m3 is)");
  expect(R"({"quant_method": "fp8", "weight_block_size": [128]})", "weight_block_size is [128], expected two sizes");
  expect(R"({"quant_method": "fp8", "weight_block_size": [128, 0]})", "expected two sizes from 1 to 1048576");
  expect(R"({"quant_method": "fp8", "weight_block_size": [128, 1e30]})", "expected two sizes from 1 to 1048576");
}

}  // namespace
}  // namespace estoc
