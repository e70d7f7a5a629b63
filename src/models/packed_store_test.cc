// A whole model loaded from a store of packed weights: nothing is packed and the logits are the same bits.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "base/thread_team.h"
#include "models/family.h"
#include "models/model.h"
#include "ops/packed_store.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"

namespace estoc {
namespace {

class MemoryStore final : public PackedStore {
 public:
  PackedBytes find(const PackedKey& key) override {
    const auto it = kept_.find(key.name);
    if (it == kept_.end()) return nullptr;
    EXPECT_EQ(it->second.first, key) << "one name, two matrices";
    ++found_;
    return it->second.second;
  }
  void add(const PackedKey& key, PackedBytes bytes) override { kept_[key.name] = {key, std::move(bytes)}; }

  size_t kept() const { return kept_.size(); }
  size_t found() const { return found_; }

 private:
  std::map<std::string, std::pair<PackedKey, PackedBytes>> kept_;
  size_t found_ = 0;
};

void add_matrix(GgufWriter& writer, const std::string& name, int64_t rows, int64_t columns, const QuantFormat& format,
                std::mt19937& rng) {
  std::normal_distribution<float> normal(0, 0.1f);
  std::vector<float> values(static_cast<size_t>(rows * columns));
  for (float& value : values) value = normal(rng);
  std::string data(static_cast<size_t>(format.row_bytes(rows * columns)), '\0');
  format.encode(values.data(), reinterpret_cast<std::byte*>(data.data()), rows * columns);
  writer.add_tensor(
      GgufWriter::Tensor{name, {rows, columns}, static_cast<uint32_t>(format.gguf_id), std::move(data), {}});
}

// Two layers of a small Llama with a tied head, in three formats.
std::string tiny_llama() {
  std::mt19937 rng(9);
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"));
  for (const auto& [key, value] : std::map<std::string, uint32_t>{{"context_length", 128},
                                                                  {"embedding_length", 64},
                                                                  {"block_count", 2},
                                                                  {"feed_forward_length", 96},
                                                                  {"attention.head_count", 4},
                                                                  {"attention.head_count_kv", 2}}) {
    writer.set("llama." + key, GgufValue::u32(value));
  }
  writer.set("llama.attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5f));
  const QuantFormat &q4_0 = *find_format("q4_0"), &q4_1 = *find_format("q4_1"), &q8_0 = *find_format("q8_0");
  add_matrix(writer, "token_embd.weight", 100, 64, q8_0, rng);
  writer.add_tensor("output_norm.weight", {64});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    writer.add_tensor(layer + "attn_norm.weight", {64}).add_tensor(layer + "ffn_norm.weight", {64});
    add_matrix(writer, layer + "attn_q.weight", 64, 64, q4_0, rng);
    add_matrix(writer, layer + "attn_k.weight", 32, 64, q4_0, rng);
    add_matrix(writer, layer + "attn_v.weight", 32, 64, q8_0, rng);
    add_matrix(writer, layer + "attn_output.weight", 64, 64, q4_1, rng);
    add_matrix(writer, layer + "ffn_gate.weight", 96, 64, q4_0, rng);
    add_matrix(writer, layer + "ffn_up.weight", 96, 64, q4_1, rng);
    add_matrix(writer, layer + "ffn_down.weight", 64, 96, q8_0, rng);
  }
  return writer.text();
}

std::vector<float> logits_of(const WeightSource& weights, PackedStore* store) {
  ThreadTeam team(2);
  const auto model = load_model(weights, team, {.packed_store = store});
  StateStorage kv(model->info().state, KvType::f16, 1);
  const std::vector<TokenId> tokens = {5, 17, 99, 0, 42};
  const std::vector<BlockId> blocks = {0};
  const BatchSequence sequence{0, 5, 0, blocks};
  const std::vector<int32_t> rows = {0, 1, 2, 3, 4};
  std::vector<float> logits(rows.size() * static_cast<size_t>(model->info().vocab));
  model->forward({tokens, {&sequence, 1}, rows}, kv, *model->make_scratch({.rows_max = 5}), logits.data());
  return logits;
}

TEST(PackedStoreOfAModel, GivesTheSameBitsAsPacking) {
  const std::string file = tiny_llama();
  const auto weights = gguf_from_memory(as_bytes(file), "tiny.gguf", naming_rules());
  const std::vector<float> alone = logits_of(*weights, nullptr);
  MemoryStore store;
  const std::vector<float> first = logits_of(*weights, &store);
  EXPECT_EQ(store.found(), 0u);
  EXPECT_EQ(store.kept(), 15u) << "seven matrices a layer and the head";
  const std::vector<float> second = logits_of(*weights, &store);
  EXPECT_EQ(store.found(), 15u);
  EXPECT_EQ(store.kept(), 15u);
  const size_t bytes = alone.size() * sizeof(float);
  EXPECT_EQ(std::memcmp(alone.data(), first.data(), bytes), 0);
  EXPECT_EQ(std::memcmp(alone.data(), second.data(), bytes), 0);
  EXPECT_NE(alone.front(), alone.back());
}

}  // namespace
}  // namespace estoc
