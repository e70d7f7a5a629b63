#include "models/gguf_only_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <variant>

#include "weights/byte_reader.h"
#include "weights/gguf_config.h"
#include "weights/gguf_keys.h"
#include "weights/metadata.h"

namespace estoc {
namespace {

// All after "<architecture>.", as the gguf package 0.19 names them.
constexpr std::string_view kChangingKeys[] = {
    "activation_sparsity_scale",
    "altup.active_idx",
    "altup.num_inputs",
    "attention.decay_lora_rank",
    "attention.gate_lora_rank",
    "attention.group_norm_epsilon",
    "attention.group_norm_groups",
    "attention.iclr_lora_rank",
    "attention.indexer.head_count",
    "attention.indexer.key_length",
    "attention.indexer.top_k",
    "attention.key_length_mla",
    "attention.output_scale",
    "attention.relative_buckets_count",
    "attention.temperature_length",
    "attention.value_length_mla",
    "attention.key_length_swa",
    "attention.output_scale",
    "attention.relative_buckets_count",
    "attention.temperature_length",
    "attention.value_length_swa",
    "attention.value_residual_mix_lora_rank",
    "classifier.output_labels",
    "convnext.block_count",
    "convnext.embedding_length",
    "decoder_block_count",
    "dense_2_feat_in",
    "dense_2_feat_out",
    "dense_3_feat_in",
    "dense_3_feat_out",
    "embedding_length_out",
    "features_length",
    "kda.head_dim",
    "moe_every_n_layers",
    "n_deepstack_layers",
    "posnet.block_count",
    "posnet.embedding_length",
    "rescale_every_n_layers",
    "rope.scaling.alpha",
    "rope.scaling.yarn_ext_factor",
    "router_logit_softcapping",
    "swiglu_clamp_exp",
    "swiglu_clamp_shexp",
    "swin_norm",
    "time_decay_extra_dim",
    "time_mix_extra_dim",
    "token_shift_count",
    "wkv.head_size",
};

// What the families with experts do always; of embeddings and encoders, which nothing here makes.
constexpr std::string_view kHarmlessKeys[] = {
    "decoder_start_token_id", "expert_chunk_feed_forward_length", "expert_group_scale", "experts_per_group",
    "pooling_type",
};

bool contains(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

bool is_off(const Metadata::Value& value) {
  return std::visit(
      []<typename T>(const T& found) {
        if constexpr (std::is_arithmetic_v<T>) {
          return found == T{};
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return found.empty();
        } else {
          return std::ranges::all_of(found, [](const auto& item) { return item == typename T::value_type{}; });
        }
      },
      value);
}

std::string text_of(const Metadata::Value& value) {
  return std::visit(
      []<typename T>(const T& found) {
        if constexpr (std::is_arithmetic_v<T>) {
          return fmt::format("{}", found);
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return shown(found);
        } else {
          return fmt::format("{} values", found.size());
        }
      },
      value);
}

// Calls `take` with the key after the architecture, the whole key and the value of each that has no translation.
template <typename Take>
void each_untranslated(const WeightSource& source, Take take) {
  const Metadata* metadata = source.metadata();
  if (metadata == nullptr) return;
  const std::string prefix = fmt::format("{}.", gguf_architecture(*metadata));
  for (const auto& [key, value] : metadata->values()) {
    if (!key.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(key).substr(prefix.size());
    if (!is_known_gguf_key(rest)) take(rest, key, value);
  }
}

}  // namespace

std::vector<std::string> changing_gguf_keys(const WeightSource& source, std::span<const std::string_view> computes) {
  std::vector<std::string> found;
  each_untranslated(source, [&](std::string_view rest, const std::string& key, const Metadata::Value& value) {
    if (!contains(kChangingKeys, rest) || contains(computes, rest) || is_off(value)) return;
    found.push_back(fmt::format("{} ({})", key, text_of(value)));
  });
  return found;
}

std::vector<std::string> unknown_gguf_keys(const WeightSource& source) {
  std::vector<std::string> found;
  each_untranslated(source, [&](std::string_view rest, const std::string& key, const Metadata::Value&) {
    if (!contains(kChangingKeys, rest) && !contains(kHarmlessKeys, rest)) found.push_back(shown(key));
  });
  return found;
}

}  // namespace estoc
