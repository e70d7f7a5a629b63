// What layers may be beside Llama's, on a device against CPUs: one small decoder for each part or option.
#include <algorithm>
#include <cmath>
#include <functional>
#include <ostream>
#include <vector>

#include "gpu/test_emulator_runs.h"
#include "models/test_device_player.h"
#include "models/test_random_decoder.h"

namespace estoc {
namespace {

AttentionSpec& attention_of(LayerSpec& layer) { return std::get<AttentionSpec>(layer.mixer); }
GatedMlpSpec& mlp_of(LayerSpec& layer) { return std::get<GatedMlpSpec>(layer.mlp); }

struct Change {
  const char* name;
  std::function<void(DecoderSpec&)> make;
  bool has_biases = false;
  friend std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.name; }
};

void add_head_norms(DecoderSpec& decoder) {
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.q_norm = NormSpec{attention.name + ".q_norm", 1e-6f};
    attention.k_norm = NormSpec{attention.name + ".k_norm", 1e-6f};
  }
}

// Three tensors of queries, keys and values as one, gate and up as another.
void fuse(DecoderSpec& decoder) {
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    const std::string name = attention.name + ".qkv";
    attention.q = {.name = name, .first_row = 0, .tensor_rows = 512};
    attention.k = {.name = name, .first_row = 256, .tensor_rows = 512};
    attention.v = {.name = name, .first_row = 384, .tensor_rows = 512};
    GatedMlpSpec& mlp = mlp_of(layer);
    mlp.gate = {.name = mlp.name + ".both", .first_row = 0, .tensor_rows = 2 * mlp.width};
    mlp.up = {.name = mlp.name + ".both", .first_row = mlp.width, .tensor_rows = 2 * mlp.width};
  }
}

// Queries, keys and values of a KV head side by side.
void fuse_by_groups(DecoderSpec& decoder) {
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    const std::string name = attention.name + ".qkv";
    attention.q = {.name = name, .first_row = 0, .tensor_rows = 512, .group_rows = 128, .group_stride = 256};
    attention.k = {.name = name, .first_row = 128, .tensor_rows = 512, .group_rows = 64, .group_stride = 256};
    attention.v = {.name = name, .first_row = 192, .tensor_rows = 512, .group_rows = 64, .group_stride = 256};
  }
}

void make_heads(DecoderSpec& decoder, int heads, int kv_heads, int head_dim) {
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.heads = heads;
    attention.kv_heads = kv_heads;
    attention.head_dim = head_dim;
    attention.scale = 1 / std::sqrt(static_cast<float>(head_dim));
  }
  decoder.ropes[0].frequencies.resize(static_cast<size_t>(std::min(head_dim / 2, 32)));
}

// Of all layers but the first, or of all.
void add_experts(DecoderSpec& decoder, const MoeSpec& like, bool are_all) {
  for (size_t i = are_all ? 0 : 1; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    MoeSpec moe = like;
    moe.name = mlp_of(layer).name;
    moe.router = moe.name + ".router";
    moe.experts = moe.name + ".experts";
    if (!moe.correction.empty()) moe.correction = moe.name + ".correction";
    if (moe.shared) moe.shared->name = moe.name + ".shared";
    if (moe.shared && !moe.shared->weigher.empty()) moe.shared->weigher = moe.name + ".weigher";
    layer.mlp = moe;
  }
}

// The first layer's mixer, by this number of key heads.
void make_delta_net(DecoderSpec& decoder, int key_heads, bool are_heads_in_turn) {
  const std::string name = "0.delta";
  decoder.layers[0].mixer = GatedDeltaSpec{.name = name,
                                           .q = {.name = name + ".q"},
                                           .k = {.name = name + ".k"},
                                           .v = {.name = name + ".v"},
                                           .z = {.name = name + ".z"},
                                           .a = {.name = name + ".a"},
                                           .b = {.name = name + ".b"},
                                           .output = {.name = name + ".o"},
                                           .conv = name + ".conv",
                                           .decay_rate = name + ".rate",
                                           .decay_bias = name + ".bias",
                                           .norm = {name + ".norm", 1e-6f},
                                           .key_heads = key_heads,
                                           .value_heads = 4,
                                           .are_heads_in_turn = are_heads_in_turn,
                                           .key_dim = 16,
                                           .value_dim = 48,
                                           .conv_width = 4};
}

const std::vector<Change> kChanges = {
    {"delta_net_before_attention", [](DecoderSpec& decoder) { make_delta_net(decoder, 2, true); }},
    {"short_convolution_before_attention",
     [](DecoderSpec& decoder) { decoder.layers[0].mixer = ShortConvSpec{.name = "0.conv", .width = 3}; }},
    {"short_convolutions_with_biases",
     [](DecoderSpec& decoder) {
       for (LayerSpec& layer : decoder.layers) layer.mixer = ShortConvSpec{.name = layer.input_norm->name, .width = 4};
     },
     true},
    {"experts_behind_a_dense_layer",
     [](DecoderSpec& decoder) {
       MoeSpec moe{.rule = {.experts = 6, .chosen = 2, .is_normalized = true}, .gate_up = "", .width = 64};
       add_experts(decoder, moe, false);
     }},
    {"clamped_experts_with_biases",
     [](DecoderSpec& decoder) {
       MoeSpec moe{.rule = {.score = RouterRule::Score::softmax_of_chosen, .experts = 5, .chosen = 2},
                   .is_interleaved = true,
                   .width = 64};
       moe.activation.slope = 1.7f;
       moe.activation.limit = 2;
       add_experts(decoder, moe, true);
     },
     true},
    {"experts_in_groups_with_a_shared_one",
     [](DecoderSpec& decoder) {
       MoeSpec moe{.rule = {.score = RouterRule::Score::sigmoid,
                            .experts = 8,
                            .chosen = 3,
                            .groups = 4,
                            .groups_kept = 2,
                            .is_normalized = true,
                            .scale = 1.5f},
                   .correction = "correction",
                   .width = 64};
       moe.shared = SharedExpertSpec{.width = 128, .weigher = "weigher"};
       add_experts(decoder, moe, true);
       decoder.layers[0].residual_scale = 0.5f;
     }},
    {"wide_heads_with_caps_and_gates",
     [](DecoderSpec& decoder) {
       make_heads(decoder, 2, 1, 256);
       add_head_norms(decoder);
       for (LayerSpec& layer : decoder.layers) {
         AttentionSpec& attention = attention_of(layer);
         attention.gate = MatrixSpec{.name = attention.name + ".gate"};
         attention.softcap = 1;
       }
       attention_of(decoder.layers[1]).window = 18;
     }},
    {"heads_of_96_and_norms_of_values",
     [](DecoderSpec& decoder) {
       make_heads(decoder, 4, 2, 96);
       add_head_norms(decoder);
       for (LayerSpec& layer : decoder.layers) attention_of(layer).v_norm_epsilon = 1e-6f;
     }},
    {"rotation_of_a_part_of_a_head",
     [](DecoderSpec& decoder) {
       add_head_norms(decoder);
       decoder.ropes[0].frequencies.resize(12);
       decoder.ropes[0].magnitude = 1.2f;
     }},
    {"matrices_fused_by_groups", fuse_by_groups},
    {"norms_behind_parts",
     [](DecoderSpec& decoder) {
       for (LayerSpec& layer : decoder.layers) {
         const std::string name = attention_of(layer).name;
         layer.mixer_output_norm = NormSpec{name + ".after", 1e-5f};
         layer.mlp_output_norm = NormSpec{name + ".after_mlp", 1e-5f};
       }
     }},
    {"scaled_embedding_and_capped_logits",
     [](DecoderSpec& decoder) {
       decoder.embedding_scale = 3;
       decoder.logit_scale = 0.25f;
       decoder.logit_softcap = 2;
     }},
    {"sinks_in_windows",
     [](DecoderSpec& decoder) {
       for (LayerSpec& layer : decoder.layers) attention_of(layer).sinks = attention_of(layer).name + ".sinks";
       attention_of(decoder.layers[0]).window = 18;
     }},
    {"rotation_of_adjacent_pairs",
     [](DecoderSpec& decoder) {
       add_head_norms(decoder);
       decoder.ropes[0].is_interleaved = true;
     }},
    {"rotation_of_a_part_in_adjacent_pairs",
     [](DecoderSpec& decoder) {
       decoder.ropes[0].frequencies.resize(8);
       decoder.ropes[0].is_interleaved = true;
     }},
    {"layers_without_positions",
     [](DecoderSpec& decoder) { attention_of(decoder.layers[1]).rope = AttentionSpec::kNoRope; }},
    {"norms_with_one_added",
     [](DecoderSpec& decoder) {
       add_head_norms(decoder);
       for (LayerSpec& layer : decoder.layers) {
         layer.input_norm->weight_offset = layer.mlp_norm->weight_offset = 1;
         attention_of(layer).q_norm->weight_offset = 1;
       }
       decoder.norm.weight_offset = 1;
       decoder.layers[1].mlp_norm->name.clear();
     }},
    {"fused_matrices", fuse},
    {"scaled_results",
     [](DecoderSpec& decoder) {
       for (LayerSpec& layer : decoder.layers) layer.residual_scale = 0.3f;
     }},
    {"gelu_gates",
     [](DecoderSpec& decoder) {
       for (LayerSpec& layer : decoder.layers) mlp_of(layer).activation = Activation::gelu_tanh;
     }},
};

class DeviceParts : public testing::TestWithParam<Change> {};

// A prompt, decode steps and both together; all layers on the device, and the last one only.
TEST_P(DeviceParts, ComputeWhatTheCpuDoes) {
  DecoderSpec decoder = small_decoder();
  GetParam().make(decoder);
  const auto weights = random_weights(decoder, GetParam().has_biases);
  const auto player = [&](const std::vector<StackPlace>& places) {
    return [&weights, &decoder, places](ThreadTeam& team) { return load_decoder(*weights, decoder, team, places); };
  };
  const std::vector<std::vector<Piece>> steps = {{{0, 21}}, {{0, 1}}, {{0, 1}, {1, 9}}, {{0, 1}, {1, 1}}};
  std::vector<std::vector<StackPlace>> all = {{{2, kDevice}}, {{1}, {2, kDevice}}};
  if (!std::holds_alternative<AttentionSpec>(decoder.layers[0].mixer)) all.push_back({{1, kDevice}, {2}});
  for (const auto& places : all) {
    Player device(player(places), KvType::bf16), cpu(player({{2}}), KvType::bf16);
    for (size_t i = 0; i < steps.size(); ++i) {
      EXPECT_LT(error_of(device.step(steps[i]), cpu.step(steps[i])), kErrorMax) << "step " << i;
    }
    device.fork(0, 2);
    cpu.fork(0, 2);
    EXPECT_LT(error_of(device.step({{0, 2}, {2, 1}}), cpu.step({{0, 2}, {2, 1}})), kErrorMax) << "forked";
  }
}

INSTANTIATE_TEST_SUITE_P(Options, DeviceParts, testing::ValuesIn(gpu::emulator_runs(kChanges, 11)),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace estoc
