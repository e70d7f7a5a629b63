// For tests below models/, where families are: the rules of two made-up ones.
#pragma once

#include "weights/naming_rules.h"

namespace estoc {

// "llama", whose heads are interleaved, and "plain", whose are not; "plain" has names of its own.
inline std::span<const NamingRules* const> test_naming_rules() {
  static constexpr GgufArchitecture kLlama[] = {
      {.name = "llama", .architecture = "LlamaForCausalLM", .model_type = "llama", .has_interleaved_heads = true}};
  static constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                            {"ffn_up", "mlp.gate_up_proj"},
                                            {"ffn_gate_inp.scale", "router.scale"},
                                            {"ffn_norm", "pre_norm.weight"}};
  static constexpr GgufRename kModelRenames[] = {{"token_embd_norm", "words_norm"}};
  static constexpr GgufArchitecture kPlain[] = {{.name = "plain",
                                                 .architecture = "PlainForCausalLM",
                                                 .model_type = "plain_text",
                                                 .renames = kRenames,
                                                 .model_renames = kModelRenames}};
  static constexpr TextModel kTextModels[] = {
      {.model_type = "llama_text", .architecture = "LlamaForCausalLM", .defaults = R"({"hidden_size": 4096})"}};
  static constexpr NamingRules kRules[] = {{.gguf = kLlama, .text_models = kTextModels},
                                           {.embedding = "words", .head = "words_out", .gguf = kPlain}};
  static constexpr const NamingRules* kAll[] = {&kRules[0], &kRules[1]};
  return kAll;
}

}  // namespace estoc
