#include "weights/gguf_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace estoc {
namespace {

// phi3 keeps gate and up in one matrix under the name of up.
constexpr GgufRename kPhi3Renames[] = {{"ffn_up", "mlp.gate_up_proj"}};

// Which converters permute: those that inherit LlamaModel in llama.cpp's convert_hf_to_gguf.py.
constexpr GgufFamily kFamilies[] = {
    {"llama", "LlamaForCausalLM", "llama", true, {}},
    {"smollm3", "SmolLM3ForCausalLM", "smollm3", true, {}},
    {"arcee", "ArceeForCausalLM", "arcee", true, {}},
    {"granite", "GraniteForCausalLM", "granite", true, {}},
    {"mistral3", "Ministral3ForCausalLM", "ministral3", true, {}},
    {"qwen2", "Qwen2ForCausalLM", "qwen2", false, {}},
    {"qwen3", "Qwen3ForCausalLM", "qwen3", false, {}},
    {"qwen2moe", "Qwen2MoeForCausalLM", "qwen2_moe", false, {}},
    {"qwen3moe", "Qwen3MoeForCausalLM", "qwen3_moe", false, {}},
    {"phi3", "Phi3ForCausalLM", "phi3", false, kPhi3Renames},
};

constexpr GgufRename kModelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"output", "lm_head"},
    {"output_norm", "model.norm"},
};

// Inside "blk.<layer>.", without ".weight" and ".bias".
constexpr GgufRename kLayerNames[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"},
    {"ffn_gate_shexp", "mlp.shared_expert.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_expert.up_proj"},
    {"ffn_down_shexp", "mlp.shared_expert.down_proj"},
};

std::string_view find_rename(std::span<const GgufRename> renames, std::string_view gguf) {
  const auto it = std::find_if(renames.begin(), renames.end(), [&](const auto& rename) { return rename.gguf == gguf; });
  return it == renames.end() ? std::string_view() : it->hugging_face;
}

// Splits at the last dot: "attn_q" and ".weight".
std::pair<std::string_view, std::string_view> split_kind(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {name, {}};
  return {name.substr(0, dot), name.substr(dot)};
}

}  // namespace

const GgufFamily* find_gguf_family(std::string_view gguf_architecture) {
  for (const GgufFamily& family : kFamilies) {
    if (family.gguf == gguf_architecture) return &family;
  }
  return nullptr;
}

std::string hugging_face_name(std::string_view gguf_name, const GgufFamily* family) {
  constexpr std::string_view kBlock = "blk.";
  const auto [stem, kind] = split_kind(gguf_name);
  if (!stem.starts_with(kBlock)) {
    const std::string_view renamed = find_rename(kModelNames, stem);
    return renamed.empty() ? std::string(gguf_name) : fmt::format("{}{}", renamed, kind);
  }
  const std::string_view rest = stem.substr(kBlock.size());
  const size_t dot = rest.find('.');
  const std::string_view layer = rest.substr(0, dot);
  const bool is_number =
      !layer.empty() && std::all_of(layer.begin(), layer.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (dot == std::string_view::npos || !is_number) return std::string(gguf_name);
  const std::string_view part = rest.substr(dot + 1);
  std::string_view renamed = family == nullptr ? std::string_view() : find_rename(family->renames, part);
  if (renamed.empty()) renamed = find_rename(kLayerNames, part);
  if (renamed.empty()) return std::string(gguf_name);
  return fmt::format("model.layers.{}.{}{}", layer, renamed, kind);
}

}  // namespace estoc
