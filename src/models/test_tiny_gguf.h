// A whole model of the Llama architecture in a few kilobytes, for tests of what is read from a GGUF file.
#pragma once

#include <string>

#include "weights/gguf_writer.h"

namespace estoc {

struct TinyGguf {
  static constexpr int kHidden = 16, kHeads = 2, kKvHeads = 1, kHeadDim = 8, kFfn = 24, kLayers = 2;

  // The keys that say the shape, without the tensors.
  static GgufWriter keys() {
    GgufWriter writer;
    writer.set("general.architecture", GgufValue::string("llama"));
    const auto set = [&](const char* key, int value) {
      writer.set(std::string("llama.") + key, GgufValue::u32(static_cast<uint32_t>(value)));
    };
    set("context_length", 64);
    set("embedding_length", kHidden);
    set("block_count", kLayers);
    set("feed_forward_length", kFfn);
    set("attention.head_count", kHeads);
    set("attention.head_count_kv", kKvHeads);
    return writer;
  }

  static void add_tensors(GgufWriter& writer, int vocab) {
    const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
      writer.add_tensor(name + ".weight", std::move(shape));
    };
    add("token_embd", {vocab, kHidden});
    add("output_norm", {kHidden});
    for (int layer = 0; layer < kLayers; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      add(block + "attn_norm", {kHidden});
      add(block + "attn_q", {kHeads * kHeadDim, kHidden});
      add(block + "attn_k", {kKvHeads * kHeadDim, kHidden});
      add(block + "attn_v", {kKvHeads * kHeadDim, kHidden});
      add(block + "attn_output", {kHidden, kHeads * kHeadDim});
      add(block + "ffn_norm", {kHidden});
      add(block + "ffn_gate", {kFfn, kHidden});
      add(block + "ffn_up", {kFfn, kHidden});
      add(block + "ffn_down", {kHidden, kFfn});
    }
  }
};

}  // namespace estoc
