// For tests: a decoder with random weights made from its description alone, with whatever parts it has. Matrices are
// bf16, vectors f32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "models/decoder.h"
#include "quant/format.h"
#include "quant/half.h"
#include "weights/memory_source.h"

namespace estoc {

// Named tensors in memory.
class MemoryWeights final : public MemorySource {
 public:
  MemoryWeights() : MemorySource("memory", "memory") {}

  void add(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
    if (find(name) != nullptr) return;
    const QuantFormat& format = shape.size() > 1 ? bf16 : f32;
    std::vector<std::byte>& bytes = bytes_.emplace_back(static_cast<size_t>(format.row_bytes(std::ssize(values))));
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = f32_to_bf16(values[i]);
      if (shape.size() > 1) std::memcpy(bytes.data() + 2 * i, &half, 2);
      if (shape.size() == 1) std::memcpy(bytes.data() + 4 * i, &values[i], 4);
    }
    tensors_.push_back({.name = name,
                        .source_name = name,
                        .file = path(),
                        .format = &format,
                        .shape = std::move(shape),
                        .bytes = bytes});
  }

 private:
  std::deque<std::vector<std::byte>> bytes_;
};

// Two layers of a small Llama, for tests to change.
inline DecoderSpec small_decoder() {
  DecoderSpec decoder{.hidden = 128, .vocab = 200, .context_max = 512, .norm = {"norm", 1e-5f}};
  decoder.ropes.emplace_back();
  for (int i = 0; i < 32; ++i) {
    decoder.ropes[0].frequencies.push_back(std::pow(10000.0f, -static_cast<float>(i) / 32));
  }
  for (int layer = 0; layer < 2; ++layer) {
    const std::string name = std::to_string(layer);
    decoder.layers.push_back({.input_norm = NormSpec{name + ".input_norm", 1e-5f},
                              .mixer = AttentionSpec{.name = name + ".attention",
                                                     .q = {.name = name + ".q"},
                                                     .k = {.name = name + ".k"},
                                                     .output = {.name = name + ".o"},
                                                     .v = {.name = name + ".v"},
                                                     .heads = 4,
                                                     .kv_heads = 2,
                                                     .head_dim = 64,
                                                     .scale = 0.125f},
                              .mlp_norm = NormSpec{name + ".mlp_norm", 1e-5f},
                              .mlp = GatedMlpSpec{.name = name + ".mlp",
                                                  .gate = {.name = name + ".gate"},
                                                  .up = {.name = name + ".up"},
                                                  .down = {.name = name + ".down"},
                                                  .width = 192}});
  }
  return decoder;
}

// Every tensor that the description names, and biases where they are wanted: of mixtures, behind attention, of short
// convolutions. Of the layers only attention, gated delta nets, short convolutions, gated MLPs and mixtures.
inline std::unique_ptr<MemoryWeights> random_weights(const DecoderSpec& decoder, bool has_biases = false) {
  auto weights = std::make_unique<MemoryWeights>();
  std::mt19937_64 random(11);
  const auto draw = [&](int64_t count, float middle, float spread) {
    std::normal_distribution<float> normal(middle, spread);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(random);
    return values;
  };
  const auto matrix = [&](const MatrixSpec& spec, int64_t rows, int64_t columns) {
    const int64_t all = spec.tensor_rows == 0 ? rows : spec.tensor_rows;
    weights->add(spec.name + ".weight", {all, columns},
                 draw(all * columns, 0, 1 / std::sqrt(static_cast<float>(columns))));
  };
  const auto norm = [&](const std::optional<NormSpec>& spec, int64_t count) {
    if (spec && !spec->name.empty())
      weights->add(spec->name + ".weight", {count}, draw(count, 1 - spec->weight_offset, 0.2f));
  };
  const int64_t hidden = decoder.hidden;
  const auto mixture = [&](const MoeSpec& moe) {
    const int64_t experts = moe.rule.experts, width = moe.width;
    const auto stack = [&](const std::string& name, int64_t rows, int64_t columns) {
      const float spread = 1 / std::sqrt(static_cast<float>(columns));
      weights->add(moe.experts + "." + name + ".weight", {experts, rows, columns},
                   draw(experts * rows * columns, 0, spread));
      if (has_biases) weights->add(moe.experts + "." + name + ".bias", {experts, rows}, draw(experts * rows, 0, 0.3f));
    };
    // Sharp: what experts are chosen must not hang on roundings.
    weights->add(moe.router + ".weight", {experts, hidden},
                 draw(experts * hidden, 0, 4 / std::sqrt(static_cast<float>(hidden))));
    if (has_biases) weights->add(moe.router + ".bias", {experts}, draw(experts, 0, 1));
    if (!moe.correction.empty()) weights->add(moe.correction, {experts}, draw(experts, 0, 0.2f));
    if (moe.gate_up.empty()) {
      stack(moe.gate, width, hidden);
      stack(moe.up, width, hidden);
    } else {
      stack(moe.gate_up, 2 * width, hidden);
    }
    stack(moe.down, hidden, width);
    if (!moe.shared) return;
    matrix({.name = moe.shared->name + ".gate_proj"}, moe.shared->width, hidden);
    matrix({.name = moe.shared->name + ".up_proj"}, moe.shared->width, hidden);
    matrix({.name = moe.shared->name + "." + moe.shared->down}, hidden, moe.shared->width);
    if (!moe.shared->weigher.empty()) matrix({.name = moe.shared->weigher}, 1, hidden);
  };
  const auto attend = [&](const AttentionSpec& attention) {
    const int64_t query = int64_t{attention.heads} * attention.head_dim,
                  key = int64_t{attention.kv_heads} * attention.head_dim;
    matrix(attention.q, query, hidden);
    matrix(attention.k, key, hidden);
    matrix(attention.v, key, hidden);
    if (attention.gate) matrix(*attention.gate, query, hidden);
    matrix(attention.output, hidden, query);
    norm(attention.q_norm, attention.head_dim);
    norm(attention.k_norm, attention.head_dim);
    if (!attention.sinks.empty()) weights->add(attention.sinks, {attention.heads}, draw(attention.heads, 1, 1));
    if (has_biases) weights->add(attention.output.name + ".bias", {hidden}, draw(hidden, 0, 0.5f));
  };
  const auto delta = [&](const GatedDeltaSpec& net) {
    const int64_t keys = int64_t{net.key_heads} * net.key_dim, values = int64_t{net.value_heads} * net.value_dim;
    matrix(net.q, keys, hidden);
    matrix(net.k, keys, hidden);
    matrix(net.v, values, hidden);
    matrix(net.z, values, hidden);
    matrix(net.a, net.value_heads, hidden);
    matrix(net.b, net.value_heads, hidden);
    matrix(net.output, hidden, values);
    weights->add(net.conv, {2 * keys + values, 1, net.conv_width}, draw((2 * keys + values) * net.conv_width, 0, 0.6f));
    weights->add(net.decay_rate, {net.value_heads}, draw(net.value_heads, 0, 0.5f));
    weights->add(net.decay_bias, {net.value_heads}, draw(net.value_heads, 0, 0.5f));
    norm(net.norm, net.value_dim);
  };
  const auto convolve = [&](const ShortConvSpec& conv) {
    matrix({.name = conv.name + ".in_proj"}, 3 * hidden, hidden);
    matrix({.name = conv.name + ".out_proj"}, hidden, hidden);
    weights->add(conv.name + ".conv.weight", {hidden, 1, conv.width}, draw(hidden * conv.width, 0, 0.6f));
    if (!has_biases) return;
    weights->add(conv.name + ".in_proj.bias", {3 * hidden}, draw(3 * hidden, 0, 0.3f));
    weights->add(conv.name + ".out_proj.bias", {hidden}, draw(hidden, 0, 0.3f));
    weights->add(conv.name + ".conv.bias", {hidden}, draw(hidden, 0, 0.3f));
  };
  weights->add("model.embed_tokens.weight", {decoder.vocab, hidden}, draw(decoder.vocab * hidden, 0, 1));
  norm(decoder.norm, hidden);
  for (const LayerSpec& layer : decoder.layers) {
    if (const auto* net = std::get_if<GatedDeltaSpec>(&layer.mixer)) delta(*net);
    if (const auto* conv = std::get_if<ShortConvSpec>(&layer.mixer)) convolve(*conv);
    if (const auto* of_layer = std::get_if<AttentionSpec>(&layer.mixer)) attend(*of_layer);
    if (const auto* mlp = std::get_if<GatedMlpSpec>(&layer.mlp)) {
      matrix(mlp->gate, mlp->width, hidden);
      matrix(mlp->up, mlp->width, hidden);
      matrix(mlp->down, hidden, mlp->width);
    }
    if (const auto* moe = std::get_if<MoeSpec>(&layer.mlp)) mixture(*moe);
    for (const auto* of_layer :
         {&layer.input_norm, &layer.mixer_output_norm, &layer.mlp_norm, &layer.mlp_output_norm}) {
      norm(*of_layer, hidden);
    }
  }
  return weights;
}

// `weights` must outlive it.
inline std::unique_ptr<Model> load_decoder(const WeightSource& weights, const DecoderSpec& decoder, ThreadTeam& team,
                                           const std::vector<StackPlace>& places) {
  static constexpr NamingRules kNaming;
  ModelInfo info;
  info.layers = static_cast<int>(decoder.layers.size());
  info.hidden = decoder.hidden;
  info.vocab = decoder.vocab;
  info.context_max = decoder.context_max;
  info.state = state_layout(decoder);
  LoadContext load{.source = weights, .naming = kNaming, .mode = ComputeMode::exact, .compute = default_compute(team)};
  return std::make_unique<Decoder>(load, info, decoder, places);
}

}  // namespace estoc
