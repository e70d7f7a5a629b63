// The MiniMax-M2 family: norms over all of a row's queries and keys, part of every head turns, and many experts with
// sigmoid scores.
// Source: transformers models/minimax_m2 (5.23); checked against tests/golden/.
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MiniMaxM2ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"ffn_gate_inp", "block_sparse_moe.gate"},
                                   {"exp_probs_b.bias", "block_sparse_moe.e_score_correction_bias"},
                                   {"ffn_gate_exps", "block_sparse_moe.experts.w1"},
                                   {"ffn_up_exps", "block_sparse_moe.experts.w3"},
                                   {"ffn_down_exps", "block_sparse_moe.experts.w2"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "minimax-m2", .architecture = "MiniMaxM2ForCausalLM", .model_type = "minimax_m2", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"num_experts", "num_local_experts", "partial_rotary_factor", "rotary_dim",
                                          "use_qk_norm"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const int head_dim = std::get<AttentionSpec>(decoder.layers.front().mixer).head_dim;
  const double turned = config.integer("rotary_dim", 2, head_dim, head_dim);
  decoder.ropes = {read_rope(source, {.head_dim = head_dim, .partial = turned / head_dim})};
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.q_norm = NormSpec{attention.name + ".q_norm", decoder.norm.epsilon};
    attention.k_norm = NormSpec{attention.name + ".k_norm", decoder.norm.epsilon};
    attention.norm_span = HeadNormSpan::projection;
    const std::string name = "model.layers." + std::to_string(layer) + ".block_sparse_moe";
    MoeSpec moe = read_sigmoid_mixture(config, name);
    moe.correction = name + ".e_score_correction_bias";
    moe.gate = "w1", moe.up = "w3", moe.down = "w2";
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily minimax_m2;
constinit const ModelFamily minimax_m2 = {.name = "minimax_m2",
                                          .architectures = kArchitectures,
                                          .describe = describe,
                                          .naming = {.gguf = kGguf},
                                          .computes = kComputes};

}  // namespace estoc
