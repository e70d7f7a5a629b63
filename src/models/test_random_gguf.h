// A whole model with random weights in one format, small but of a shape that every place computes, for tests that
// compare places.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "weights/gguf_writer.h"

namespace estoc {

struct RandomGguf {
  const QuantFormat* format = &bf16;          // of the matrices
  const QuantFormat* value_format = nullptr;  // of v_proj; null: as the others
  int layers = 3, hidden = 128, heads = 6, kv_heads = 2, head_dim = 64, ffn = 192, vocab = 200, context = 512;
  bool has_head_norms = false;  // Qwen3 instead of Llama
  bool has_biases = false;      // Qwen2
  bool has_head = false;        // not tied to the embedding

  std::string text() const {
    const std::string architecture = has_head_norms ? "qwen3" : has_biases ? "qwen2" : "llama";
    GgufWriter writer;
    writer.set("general.architecture", GgufValue::string(architecture));
    const auto set = [&](const char* key, int value) {
      writer.set(architecture + "." + key, GgufValue::u32(static_cast<uint32_t>(value)));
    };
    set("context_length", context);
    set("embedding_length", hidden);
    set("block_count", layers);
    set("feed_forward_length", ffn);
    set("attention.head_count", heads);
    set("attention.head_count_kv", kv_heads);
    set("attention.key_length", head_dim);
    set("attention.value_length", head_dim);
    writer.set(architecture + ".attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5f));
    std::mt19937_64 random(7);
    const auto add = [&](const std::string& name, std::vector<int64_t> shape, const QuantFormat* as, float spread,
                         float middle) {
      std::normal_distribution<float> draw(middle, spread);
      int64_t count = 1;
      for (const int64_t dimension : shape) count *= dimension;
      std::vector<float> values(static_cast<size_t>(count));
      for (float& value : values) value = draw(random);
      std::string data(static_cast<size_t>(as->row_bytes(count)), '\0');
      as->encode(values.data(), reinterpret_cast<std::byte*>(data.data()), count);
      writer.add_tensor({name, std::move(shape), static_cast<uint32_t>(as->gguf_id), std::move(data), {}});
    };
    const auto matrix = [&](const std::string& name, int64_t rows, int64_t columns, const QuantFormat* as) {
      add(name + ".weight", {rows, columns}, as, 1.0f / std::sqrt(static_cast<float>(columns)), 0);
    };
    const auto norm = [&](const std::string& name, int64_t count) { add(name + ".weight", {count}, &f32, 0.2f, 1); };
    add("token_embd.weight", {vocab, hidden}, format, 1, 0);
    norm("output_norm", hidden);
    if (has_head) matrix("output", vocab, hidden, format);
    const int64_t query = int64_t{heads} * head_dim, key = int64_t{kv_heads} * head_dim;
    for (int layer = 0; layer < layers; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      norm(block + "attn_norm", hidden);
      matrix(block + "attn_q", query, hidden, format);
      matrix(block + "attn_k", key, hidden, format);
      matrix(block + "attn_v", key, hidden, value_format != nullptr ? value_format : format);
      if (has_biases) {
        add(block + "attn_q.bias", {query}, &f32, 0.5f, 0);
        add(block + "attn_k.bias", {key}, &f32, 0.5f, 0);
        add(block + "attn_v.bias", {key}, &f32, 0.5f, 0);
      }
      matrix(block + "attn_output", hidden, query, format);
      if (has_head_norms) {
        norm(block + "attn_q_norm", head_dim);
        norm(block + "attn_k_norm", head_dim);
      }
      norm(block + "ffn_norm", hidden);
      matrix(block + "ffn_gate", ffn, hidden, format);
      matrix(block + "ffn_up", ffn, hidden, format);
      matrix(block + "ffn_down", hidden, ffn, format);
    }
    return writer.text();
  }
};

}  // namespace estoc
