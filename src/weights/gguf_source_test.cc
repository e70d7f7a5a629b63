// GGUF models as a WeightSource: row order, split files, the door.
#include "weights/gguf_source.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "quant/q8.h"
#include "weights/gguf_writer.h"
#include "weights/metadata.h"
#include "weights/safetensors_file.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

GgufWriter family(std::string_view architecture, int heads, int kv_heads) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string(architecture));
  const std::string prefix = std::string(architecture) + ".attention.";
  writer.set(prefix + "head_count", GgufValue::u32(static_cast<uint32_t>(heads)));
  writer.set(prefix + "head_count_kv", GgufValue::u32(static_cast<uint32_t>(kv_heads)));
  return writer;
}

// A matrix of `rows` rows of 32 equal values: row r of Hugging Face's order holds r, stored in the order of llama.cpp's
// converter, which reshapes to [heads, 2, head_dim / 2] and swaps the last two.
GgufWriter::Tensor permuted_rows(std::string name, int heads, int head_dim, int columns) {
  std::vector<float> values;
  for (int head = 0; head < heads; ++head) {
    for (int pair = 0; pair < head_dim / 2; ++pair) {
      for (int half = 0; half < 2; ++half) {
        const int row = head * head_dim + half * (head_dim / 2) + pair;
        values.insert(values.end(), static_cast<size_t>(columns), static_cast<float>(row));
      }
    }
  }
  std::string data(values.size() * 4, '\0');
  std::memcpy(data.data(), values.data(), data.size());
  std::vector<int64_t> shape{heads * head_dim};
  if (columns > 1) shape.push_back(columns);
  return {std::move(name), std::move(shape), 0, std::move(data), {}};
}

TEST(GgufSourceTest, hands_out_permuted_rows_in_order) {
  GgufWriter writer = family("llama", 4, 2);
  writer.add_tensor(permuted_rows("blk.0.attn_q.weight", 4, 6, 32))
      .add_tensor(permuted_rows("blk.0.attn_k.weight", 2, 6, 32));
  const std::string text = writer.text();
  const auto source = gguf_from_memory(as_bytes(text), "m.gguf", test_naming_rules());
  for (const auto& [name, heads] : {std::pair("model.layers.0.self_attn.q_proj.weight", 4),
                                    std::pair("model.layers.0.self_attn.k_proj.weight", 2)}) {
    const WeightTensor* tensor = source->find(name);
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->row_map, RowMap::adjacent_pairs(6));
    ASSERT_EQ(tensor->rows(), heads * 6);
    for (int64_t r = 0; r < tensor->rows(); ++r) {
      float row[32];
      tensor->decode_row(r, row);
      EXPECT_EQ(row[0], static_cast<float>(r)) << name;
      EXPECT_EQ(row[31], static_cast<float>(r)) << name;
    }
  }
}

TEST(GgufSourceTest, hands_out_permuted_biases_in_order) {
  GgufWriter writer = family("llama", 2, 2);
  writer.add_tensor(permuted_rows("blk.0.attn_k.bias", 2, 8, 1));
  const std::string text = writer.text();
  const auto source = gguf_from_memory(as_bytes(text), "m.gguf", test_naming_rules());
  const WeightTensor& bias = source->require("model.layers.0.self_attn.k_proj.bias", std::vector<int64_t>{16});
  EXPECT_TRUE(bias.row_map.is_in_order());
  float values[16];
  bias.decode_row(0, values);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(values[i], static_cast<float>(i));
}

TEST(GgufSourceTest, leaves_other_rows_alone) {
  GgufWriter writer = family("llama", 2, 2);
  writer.add_tensor("blk.0.attn_v.weight", {8, 4});
  const std::string llama = writer.text();
  EXPECT_TRUE(gguf_from_memory(as_bytes(llama), "m.gguf", test_naming_rules())->tensors()[0].row_map.is_in_order());
  GgufWriter other = family("plain", 2, 2);
  other.add_tensor("blk.0.attn_q.weight", {8, 4}).add_tensor("blk.0.attn_q.bias", {8});
  const std::string qwen = other.text();
  const auto source = gguf_from_memory(as_bytes(qwen), "m.gguf", test_naming_rules());
  EXPECT_TRUE(source->tensors()[0].row_map.is_in_order());
  float bias[8];
  source->tensors()[1].decode_row(0, bias);
  EXPECT_EQ(bias[1], 1.0f);
}

TEST(GgufSourceTest, uses_the_heads_of_each_layer) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"));
  writer.set("llama.attention.head_count", GgufValue::array<int32_t>(5, {2, 4}));
  writer.add_tensor("blk.1.attn_q.weight", {16, 4});
  const std::string text = writer.text();
  EXPECT_EQ(gguf_from_memory(as_bytes(text), "m.gguf", test_naming_rules())->tensors()[0].row_map.head_dim(), 4);
  writer.add_tensor("blk.2.attn_q.weight", {16, 4});
  expect_refused(ErrorCode::corrupt_file, "has 2 items, none for layer 2",
                 [&] { gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules()); });
}

TEST(GgufSourceTest, refuses_heads_that_do_not_fit) {
  for (const int heads : {0, 3, 8}) {
    GgufWriter writer = family("llama", heads, heads);
    writer.add_tensor("blk.0.attn_q.weight", {8, 4});
    expect_refused(ErrorCode::corrupt_file, "'blk.0.attn_q.weight' has shape [8, 4], which",
                   [&] { gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules()); });
  }
}

TEST(GgufSourceTest, refuses_two_tensors_that_become_one) {
  GgufWriter writer = family("plain", 1, 1);
  writer.add_tensor("output.weight", {4}).add_tensor("words_out.weight", {4});
  expect_refused(ErrorCode::corrupt_file, "'words_out.weight' is the same as 'output.weight'",
                 [&] { gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules()); });
}

TEST(GgufSourceTest, refuses_files_that_are_no_models) {
  const auto open = [](std::string_view type) {
    const std::string bytes = family("llama", 1, 1).set("general.type", GgufValue::string(type)).text();
    gguf_from_memory(as_bytes(bytes), "m.gguf", test_naming_rules());
  };
  open("model");
  expect_refused(ErrorCode::unsupported, "m.gguf: general.type is 'adapter', expected 'model'",
                 [&] { open("adapter"); });
}

TEST(GgufSourceTest, requires_names_and_shapes) {
  GgufWriter writer = family("llama", 1, 1);
  writer.add_tensor("output_norm.weight", {4});
  const std::string text = writer.text();
  const auto source = gguf_from_memory(as_bytes(text), "m.gguf", test_naming_rules());
  EXPECT_EQ(&source->require("model.norm.weight", std::vector<int64_t>{4}), &source->tensors()[0]);
  expect_refused(ErrorCode::corrupt_file, "m.gguf: tensor 'lm_head.weight' is missing",
                 [&] { source->require("lm_head.weight", std::vector<int64_t>{4}); });
  expect_refused(ErrorCode::corrupt_file, "m.gguf: tensor 'output_norm.weight' has shape [4], expected [2, 2]",
                 [&] { source->require("model.norm.weight", std::vector<int64_t>{2, 2}); });
}

TEST(OpenWeightsTest, opens_a_file_and_can_read_it_after_releasing_pages) {
  const TemporaryDirectory directory;
  GgufWriter writer = family("llama", 1, 1);
  writer.add_tensor("token_embd.weight", {3, 64}, q8_0);
  const std::string path = directory.write("m.gguf", writer.text());
  const auto source = open_weights(path, test_naming_rules());
  EXPECT_EQ(source->path(), path);
  EXPECT_EQ(source->container(), "gguf");
  EXPECT_EQ(source->file_bytes(), writer.text().size());
  EXPECT_EQ(source->metadata()->get_string("general.architecture"), "llama");
  float before[64], after[64];
  source->tensors()[0].decode_row(2, before);
  source->release_pages();
  source->tensors()[0].decode_row(2, after);
  EXPECT_EQ(std::memcmp(before, after, sizeof before), 0);
  EXPECT_NEAR(before[0], 0.5 * 129, 0.3);
}

class SplitGgufTest : public testing::Test {
 protected:
  std::string write(int part, int count, std::string_view name, std::string_view tensor, int says_tensors = 2) {
    GgufWriter writer;
    if (part == 0) writer.set("general.architecture", GgufValue::string("llama"));
    writer.set("split.no", GgufValue::scalar<uint16_t>(2, static_cast<uint16_t>(part)));
    writer.set("split.count", GgufValue::scalar<uint16_t>(2, static_cast<uint16_t>(count)));
    writer.set("split.tensors.count", GgufValue::i32(says_tensors));
    writer.add_tensor(tensor, {4});
    return directory_.write(name, writer.text());
  }
  TemporaryDirectory directory_;
};

TEST_F(SplitGgufTest, opens_all_parts_by_the_first) {
  const std::string first = write(0, 2, "m-00001-of-00002.gguf", "output_norm.weight");
  const std::string second = write(1, 2, "m-00002-of-00002.gguf", "output.weight");
  const auto source = open_weights(first, test_naming_rules());
  ASSERT_EQ(source->tensors().size(), 2u);
  EXPECT_EQ(source->find("lm_head.weight")->file, second);
  EXPECT_GT(source->file_bytes(), 300u);
  expect_refused(ErrorCode::unsupported, "is part 2 of 2 of a split model",
                 [&] { open_weights(second, test_naming_rules()); });
}

TEST_F(SplitGgufTest, refuses_parts_that_do_not_belong) {
  const std::string first = write(0, 2, "m-00001-of-00002.gguf", "output_norm.weight");
  expect_refused(ErrorCode::not_found, "m-00002-of-00002.gguf", [&] { open_weights(first, test_naming_rules()); });
  write(2, 3, "m-00002-of-00002.gguf", "output.weight");
  expect_refused(ErrorCode::corrupt_file, "says it is part 3 of 3, expected part 2 of 2",
                 [&] { open_weights(first, test_naming_rules()); });
  write(1, 2, "m-00002-of-00002.gguf", "output_norm.weight");
  expect_refused(ErrorCode::corrupt_file, "is the same as", [&] { open_weights(first, test_naming_rules()); });
  write(1, 2, "m-00002-of-00002.gguf", "output.weight");
  write(0, 2, "m-00001-of-00002.gguf", "output_norm.weight", 7);
  expect_refused(ErrorCode::corrupt_file, "promises 7 tensors", [&] { open_weights(first, test_naming_rules()); });
  const std::string renamed = write(0, 2, "m.gguf", "output_norm.weight");
  expect_refused(ErrorCode::unsupported, "-00001-of-00002.gguf", [&] { open_weights(renamed, test_naming_rules()); });
}

TEST(OpenWeightsTest, says_what_is_wrong_with_a_path) {
  const TemporaryDirectory directory;
  expect_refused(ErrorCode::not_found, "no such file",
                 [&] { open_weights(directory.path() + "/absent.gguf", test_naming_rules()); });
  const std::string empty = directory.write("empty.gguf", "");
  expect_refused(ErrorCode::corrupt_file, "truncated at byte 0", [&] { open_weights(empty, test_naming_rules()); });
  const std::string single = directory.write("model.safetensors", "");
  expect_refused(ErrorCode::unsupported, "expected its directory", [&] { open_weights(single, test_naming_rules()); });
}

TEST(FuzzSeeds, AreWholeFiles) {
  int count = 0;
  for (const auto& seed : std::filesystem::directory_iterator(ESTOC_SOURCE_DIR "/tests/fuzz/seeds/weights_gguf_fuzz")) {
    const std::string bytes = read_file(seed.path().string());
    EXPECT_NO_THROW(gguf_from_memory(as_bytes(bytes), "seed", test_naming_rules())) << seed.path();
    ++count;
  }
  for (const auto& seed :
       std::filesystem::directory_iterator(ESTOC_SOURCE_DIR "/tests/fuzz/seeds/weights_safetensors_fuzz")) {
    const std::string bytes = read_file(seed.path().string());
    EXPECT_NO_THROW(parse_safetensors(as_bytes(bytes), "seed")) << seed.path();
    ++count;
  }
  EXPECT_GE(count, 10);
}

}  // namespace
}  // namespace estoc
