#include "weights/gguf_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

// What a decoder with gated MLPs has, under the same names in all families.
constexpr GgufRename kLayerNames[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    // Mixtures of experts.
    {"ffn_gate_inp", "mlp.gate"},
    {"exp_probs_b.bias", "mlp.gate.e_score_correction_bias"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
    {"ffn_gate_up_exps", "mlp.experts.gate_up_proj"},
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"},
    {"ffn_gate_shexp", "mlp.shared_expert.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_expert.up_proj"},
    {"ffn_down_shexp", "mlp.shared_expert.down_proj"},
};

std::string_view find_rename(std::span<const GgufRename> renames, std::string_view gguf) {
  const auto it = std::ranges::find(renames, gguf, &GgufRename::gguf);
  return it == renames.end() ? std::string_view() : it->hugging_face;
}

// Splits at the last dot: "attn_q" and ".weight".
std::pair<std::string_view, std::string_view> split_kind(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {name, {}};
  return {name.substr(0, dot), name.substr(dot)};
}

// By the whole name in its layer, "exp_probs_b.bias", or else by the part alone; empty without a translation.
std::string rename_in_layer(std::span<const GgufRename> renames, const GgufLayerTensor& tensor) {
  const std::string_view whole(tensor.part.data(), tensor.part.size() + tensor.kind.size());
  const std::string_view renamed = find_rename(renames, whole);
  if (!renamed.empty()) return std::string(renamed);
  const std::string_view of_part = find_rename(renames, tensor.part);
  return of_part.empty() ? std::string() : fmt::format("{}{}", of_part, tensor.kind);
}

// Of tensors that are in no layer.
std::string_view model_part_name(std::string_view stem, const GgufNaming& naming) {
  const std::string_view own = find_rename(naming.architecture->model_renames, stem);
  if (!own.empty()) return own;
  const NamingRules& rules = *naming.rules;
  if (stem == "token_embd") return rules.embedding;
  if (stem == "output") return rules.head;
  if (stem == "position_embd") return "model.embed_positions";
  return stem == "output_norm" ? "model.norm" : std::string_view();
}

}  // namespace

GgufNaming gguf_naming(std::string_view architecture, std::span<const NamingRules* const> rules,
                       const std::string& file) {
  std::string known;
  for (const NamingRules* family : rules) {
    for (const GgufArchitecture& candidate : family->gguf) {
      if (candidate.name == architecture) return {family, &candidate};
      known += (known.empty() ? "" : ", ") + std::string(candidate.name);
    }
  }
  fail(ErrorCode::unsupported, "{}: general.architecture '{}' is not supported (supported: {})", file,
       shown(architecture), known);
}

std::optional<GgufLayerTensor> gguf_layer_tensor(std::string_view gguf_name) {
  constexpr std::string_view kBlock = "blk.";
  auto [stem, kind] = split_kind(gguf_name);
  if (!stem.starts_with(kBlock)) return std::nullopt;
  std::string_view rest = stem.substr(kBlock.size());
  size_t dot = rest.find('.');
  if (dot == std::string_view::npos) {  // "blk.3.ssm_a": of no kind
    rest = gguf_name.substr(kBlock.size());
    dot = rest.find('.');
    kind = {};
  }
  if (dot == std::string_view::npos) return std::nullopt;
  GgufLayerTensor tensor{.part = rest.substr(dot + 1), .kind = kind};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + dot, tensor.layer);
  if (error != std::errc() || end != rest.data() + dot || tensor.layer < 0) return std::nullopt;
  return tensor;
}

std::string hugging_face_name(std::string_view gguf_name, const GgufNaming& naming) {
  if (const auto tensor = gguf_layer_tensor(gguf_name)) {
    std::string renamed = rename_in_layer(naming.architecture->renames, *tensor);
    if (renamed.empty()) renamed = rename_in_layer(kLayerNames, *tensor);
    if (renamed.empty()) return std::string(gguf_name);
    return fmt::format("model.layers.{}.{}", tensor->layer, renamed);
  }
  const auto [stem, kind] = split_kind(gguf_name);
  const std::string_view renamed = model_part_name(stem, naming);
  return renamed.empty() ? std::string(gguf_name) : fmt::format("{}{}", renamed, kind);
}

}  // namespace estoc
