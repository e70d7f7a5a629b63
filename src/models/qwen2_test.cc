#include <gtest/gtest.h>

#include "models/family.h"
#include "models/model.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

// One layer of two heads, with biases of these names.
int described_layers(std::initializer_list<const char*> biases, int width = 8) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("qwen2")).set("qwen2.block_count", GgufValue::u32(1));
  writer.set("qwen2.embedding_length", GgufValue::u32(8)).set("qwen2.feed_forward_length", GgufValue::u32(8));
  writer.set("qwen2.attention.head_count", GgufValue::u32(2)).set("qwen2.vocab_size", GgufValue::u32(4));
  for (const char* name : biases) writer.add_tensor(std::string("blk.0.") + name + ".bias", {width});
  const std::string bytes = writer.text();
  return describe_model(*gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules()), ComputeMode::exact).layers;
}

TEST(Qwen2, WantsItsBiases) {
  EXPECT_EQ(described_layers({"attn_q", "attn_k", "attn_v"}), 1);
  expect_refused(ErrorCode::corrupt_file, "m.gguf: tensor 'model.layers.0.self_attn.k_proj.bias' is missing",
                 [] { described_layers({"attn_q", "attn_v"}); });
  expect_refused(ErrorCode::corrupt_file, "m.gguf: tensor 'blk.0.attn_q.bias' has shape [4], expected [8]",
                 [] { described_layers({"attn_q", "attn_k", "attn_v"}, 4); });
}

}  // namespace
}  // namespace estoc
