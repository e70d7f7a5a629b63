#include "weights/gguf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "weights/byte_reader.h"
#include "weights/gguf_keys.h"
#include "weights/gguf_token_ids.h"
#include "weights/tensor_extent.h"

namespace estoc {
namespace {

// Files keep reals as f32; 1e-5f is said as 1e-05 again and not as the double nearest to the single.
double shortest(double value) {
  const auto single = static_cast<float>(std::clamp(value, -3e38, 3e38));
  if (static_cast<double>(single) != value) return value;
  const std::string digits = fmt::format("{}", single);
  double read = value;
  std::from_chars(digits.data(), digits.data() + digits.size(), read);
  return read;
}

Json finite(const Metadata& metadata, std::string_view key, double value) {
  if (!std::isfinite(value)) {
    fail(ErrorCode::corrupt_file, "{}: metadata key '{}' is {}, expected a finite number", metadata.source, shown(key),
         value);
  }
  return shortest(value);
}

Json real_value(const Metadata& metadata, std::string_view key) {
  return finite(metadata, key, *metadata.get_double(key));
}

constexpr size_t kLayersMax = 65536;

void check_size(const Metadata& metadata, std::string_view key, size_t size) {
  if (size <= kLayersMax) return;
  fail(ErrorCode::corrupt_file, "{}: metadata key '{}' has {} items, expected at most {}", metadata.source, shown(key),
       size, kLayersMax);
}

Json real_values(const Metadata& metadata, std::string_view key) {
  const std::vector<double> values = *metadata.get_doubles(key);
  check_size(metadata, key, values.size());
  Json::Array found;
  for (const double value : values) found.push_back(finite(metadata, key, value));
  return found;
}

int64_t checked_count(const Metadata& metadata, std::string_view key, int64_t value) {
  constexpr int64_t kMax = int64_t{1} << 31;
  if (value < 0 || value >= kMax) {
    fail(ErrorCode::corrupt_file, "{}: metadata key '{}' is {}, expected 0 to {}", metadata.source, shown(key), value,
         kMax - 1);
  }
  return value;
}

// Items of an array of integers; 0 for other kinds of values.
size_t array_size(const Metadata::Value& value) {
  if (const auto* items = std::get_if<std::vector<int64_t>>(&value)) return items->size();
  if (const auto* items = std::get_if<std::vector<uint64_t>>(&value)) return items->size();
  return 0;
}

int64_t array_count(const Metadata& metadata, std::string_view key, const Metadata::Value& value, size_t index) {
  if (const auto* items = std::get_if<std::vector<int64_t>>(&value)) {
    return checked_count(metadata, key, items->at(index));
  }
  const uint64_t item = std::get<std::vector<uint64_t>>(value).at(index);
  return checked_count(metadata, key, static_cast<int64_t>(std::min<uint64_t>(item, INT64_MAX)));
}

// A number, or an array with one number a layer, which is one number when all are equal.
Json count_value(const Metadata& metadata, std::string_view key) {
  const Metadata::Value& value = *metadata.find(key);
  const size_t size = array_size(value);
  if (size == 0) return checked_count(metadata, key, *metadata.get_int(key));
  check_size(metadata, key, size);
  Json::Array values;
  for (size_t i = 0; i < size; ++i) values.emplace_back(array_count(metadata, key, value, i));
  if (std::equal(values.begin() + 1, values.end(), values.begin())) return values.front();
  return values;
}

// Null where the key says that there is no such thing.
Json value_of(const Metadata& metadata, const std::string& key, GgufKey::Kind kind) {
  switch (kind) {
    case GgufKey::Kind::count:
      return count_value(metadata, key);
    case GgufKey::Kind::pattern:
      return std::holds_alternative<std::vector<bool>>(*metadata.find(key)) ? Json() : count_value(metadata, key);
    case GgufKey::Kind::real:
      return real_value(metadata, key);
    case GgufKey::Kind::reals:
      return real_values(metadata, key);
    case GgufKey::Kind::multiplier:
      return *metadata.get_double(key) == 0 ? Json() : real_value(metadata, key);
    case GgufKey::Kind::integer:
      return *metadata.get_int(key);
    case GgufKey::Kind::flag:
      return *metadata.get_bool(key);
  }
  return {};
}

// By the name that every GGUF architecture has for it.
const WeightTensor* find_tensor(std::span<const WeightTensor> tensors, std::string_view gguf_name) {
  const auto it = std::ranges::find(tensors, gguf_name, &WeightTensor::source_name);
  return it == tensors.end() ? nullptr : &*it;
}

void copy_keys(const Metadata& metadata, std::string_view prefix, std::span<const GgufKey> keys, Json& config) {
  for (const GgufKey& name : keys) {
    const std::string key = fmt::format("{}{}", prefix, name.gguf);
    if (metadata.find(key) == nullptr) continue;
    Json value = value_of(metadata, key, name.kind);
    if (!value.is_null()) config.set(name.hugging_face, std::move(value));
  }
}

// Positive integer of `config` under `key`, or 0.
int64_t positive_or_zero(const Json& config, std::string_view key) {
  const Json* value = config.find(key);
  return value != nullptr && value->is_int() ? value->as_int() : 0;
}

// GGUF counts the layers that predict further tokens, too, which are the last.
void leave_out_predicting_layers(Json& config) {
  const int64_t layers = positive_or_zero(config, "num_hidden_layers");
  const int64_t predicting = positive_or_zero(config, "num_nextn_predict_layers");
  if (predicting == 0) return;
  const int64_t kept = std::max<int64_t>(layers - predicting, 0);
  config.set("num_hidden_layers", kept);
  for (const std::string_view key : {"num_attention_heads", "num_key_value_heads", "intermediate_size"}) {
    const Json* numbers = config.find(key);
    if (numbers == nullptr || !numbers->is_array() || std::ssize(numbers->as_array()) != layers) continue;
    const Json::Array& all = numbers->as_array();
    config.set(key, Json::Array(all.begin(), all.begin() + kept));
  }
}

// Of heads that share latents: the turned part and the rest. Lengths of keys and values are said of the latents where
// those of the heads have keys of their own.
void add_latent_geometry(const Metadata& metadata, std::string_view prefix, Json& config) {
  const auto count = [&](std::string_view name) {
    const std::string key = fmt::format("{}{}", prefix, name);
    return checked_count(metadata, key, metadata.get_int(key).value_or(0));
  };
  const auto length = [&](std::string_view name, std::string_view usual, int64_t fallback) {
    if (const int64_t own = count(name); own > 0) return own;
    const int64_t found = positive_or_zero(config, usual);
    return found > 0 ? found : fallback;
  };
  const int64_t heads = std::max<int64_t>(1, positive_or_zero(config, "num_attention_heads"));
  const int64_t share = positive_or_zero(config, "hidden_size") / heads;
  const int64_t turned = count("rope.dimension_count");
  config.set("qk_nope_head_dim", length("attention.key_length_mla", "head_dim", share) - turned);
  config.set("qk_rope_head_dim", turned);
  config.set("v_head_dim", length("attention.value_length_mla", "v_head_dim", share));
}

void add_head_geometry(const Metadata& metadata, std::string_view prefix, Json& config) {
  const int64_t heads = positive_or_zero(config, "num_attention_heads");
  const int64_t hidden = positive_or_zero(config, "hidden_size");
  if (heads > 0 && config.find("num_key_value_heads") == nullptr) config.set("num_key_value_heads", heads);
  if (positive_or_zero(config, "kv_lora_rank") > 0) return add_latent_geometry(metadata, prefix, config);
  int64_t head_dim = positive_or_zero(config, "head_dim");
  if (head_dim == 0 && heads > 0) head_dim = hidden / heads;
  const std::string key = fmt::format("{}rope.dimension_count", prefix);
  const int64_t rotated = checked_count(metadata, key, metadata.get_int(key).value_or(0));
  if (rotated > 0 && head_dim > 0 && rotated != head_dim) {
    config.set("partial_rotary_factor", static_cast<double>(rotated) / static_cast<double>(head_dim));
  }
}

// Which layers have windows, where the file says it layer by layer.
void add_layer_types(const Metadata& metadata, std::string_view prefix, Json& config) {
  const Metadata::Value* value = metadata.find(fmt::format("{}attention.sliding_window_pattern", prefix));
  const auto* flags = value == nullptr ? nullptr : std::get_if<std::vector<bool>>(value);
  if (flags == nullptr) return;
  Json::Array types;
  for (const bool has_window : *flags) types.emplace_back(has_window ? "sliding_attention" : "full_attention");
  config.set("layer_types", std::move(types));
}

// What divides frequencies within the context that was trained for, and beyond it.
void add_rope_factors(std::span<const WeightTensor> tensors, Json& scaling) {
  constexpr size_t kFactorsMax = 65536;
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"rope_factors_short.weight", "short_factor"},
                                                                      {"rope_factors_long.weight", "long_factor"}};
  for (const auto& [name, key] : kNames) {
    const WeightTensor* tensor = find_tensor(tensors, name);
    if (tensor == nullptr) continue;
    const auto count = static_cast<size_t>(tensor->element_count());
    if (tensor->shape.size() != 1 || count > kFactorsMax) {
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' has shape {}, expected up to {} numbers", tensor->file, name,
           shape_text(tensor->shape), kFactorsMax);
    }
    std::vector<float> values(count);
    tensor->decode_row(0, values.data());
    Json::Array factors;
    for (const float value : values) factors.emplace_back(shortest(static_cast<double>(value)));
    scaling.set(key, std::move(factors));
  }
}

// Without a type, a factor is linear scaling, and a factor of 0 is none, as llama.cpp reads them; factors for
// frequencies are a type of their own.
void add_rope_scaling(const Metadata& metadata, std::string_view prefix, std::span<const WeightTensor> tensors,
                      Json& config) {
  const auto type = metadata.get_string(fmt::format("{}rope.scaling.type", prefix));
  Json scaling;
  add_rope_factors(tensors, scaling);
  if (!scaling.is_null()) {
    scaling.set("rope_type", "longrope");
    copy_keys(metadata, prefix, gguf_rope_scaling_keys(), scaling);
    config.set("rope_scaling", scaling);
    return;
  }
  if (type == "none") return;
  scaling.set("rope_type", type.value_or("linear"));
  copy_keys(metadata, prefix, gguf_rope_scaling_keys(), scaling);
  const std::string legacy_key = fmt::format("{}rope.scale_linear", prefix);
  if (scaling.find("factor") == nullptr && metadata.find(legacy_key) != nullptr) {
    scaling.set("factor", real_value(metadata, legacy_key));
  }
  const Json* factor = scaling.find("factor");
  const bool scales = factor != nullptr && factor->as_double() != 0 && factor->as_double() != 1;
  if (!type && !scales && scaling.find("attention_factor") == nullptr) return;
  if (*scaling.find("rope_type") == Json("linear") && !scales) scaling.set("factor", 1.0);
  config.set("rope_scaling", scaling);
}

void add_tensor_facts(const Metadata& metadata, std::span<const WeightTensor> tensors, Json& config) {
  if (const WeightTensor* embedding = find_tensor(tensors, "token_embd.weight")) {
    config.set("vocab_size", embedding->rows());
    config.set("tie_word_embeddings", find_tensor(tensors, "output.weight") == nullptr);
  } else if (const auto* tokens = metadata.get_strings("tokenizer.ggml.tokens")) {
    config.set("vocab_size", static_cast<int64_t>(tokens->size()));
  }
  if (find_tensor(tensors, "rope_freqs.weight") != nullptr) config.set("rope_freqs_tensor", true);
}

void add_token_id(const Metadata& metadata, std::string_view gguf, std::string_view name, Json& config) {
  if (const auto id = gguf_token_id(metadata, gguf)) config.set(name, *id);
}

}  // namespace

std::string_view gguf_architecture(const Metadata& metadata) {
  const auto architecture = metadata.get_string("general.architecture");
  if (architecture && !architecture->empty()) return *architecture;
  fail(ErrorCode::corrupt_file, "{}: metadata key 'general.architecture' is missing", metadata.source);
}

int64_t gguf_head_count(const Metadata& metadata, std::string_view key, int64_t layer) {
  const std::string full_key = fmt::format("{}.{}", gguf_architecture(metadata), key);
  const Metadata::Value* value = metadata.find(full_key);
  if (value == nullptr) return 0;
  const size_t size = array_size(*value);
  if (size == 0) return checked_count(metadata, full_key, *metadata.get_int(full_key));
  if (layer < 0 || static_cast<uint64_t>(layer) >= size) {
    fail(ErrorCode::corrupt_file, "{}: metadata key '{}' has {} items, none for layer {}", metadata.source,
         shown(full_key), size, layer);
  }
  return array_count(metadata, full_key, *value, static_cast<size_t>(layer));
}

Json gguf_config(const Metadata& metadata, const GgufArchitecture& architecture,
                 std::span<const WeightTensor> tensors) {
  const std::string prefix = fmt::format("{}.", architecture.name);
  Json config;
  config.set("architectures", Json::Array{architecture.architecture});
  config.set("model_type", architecture.model_type);
  copy_keys(metadata, prefix, gguf_model_keys(), config);
  copy_keys(metadata, "", gguf_activation_keys(), config);
  leave_out_predicting_layers(config);
  add_head_geometry(metadata, prefix, config);
  add_rope_scaling(metadata, prefix, tensors, config);
  add_layer_types(metadata, prefix, config);
  add_tensor_facts(metadata, tensors, config);
  add_token_id(metadata, "tokenizer.ggml.bos_token_id", "bos_token_id", config);
  add_token_id(metadata, "tokenizer.ggml.eos_token_id", "eos_token_id", config);
  return config;
}

Json gguf_generation_config(const Metadata& metadata) {
  Json config;
  add_token_id(metadata, "tokenizer.ggml.bos_token_id", "bos_token_id", config);
  Json::Array ends;  // of text, of turn and of message
  for (const std::string_view key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const auto id = gguf_token_id(metadata, key);
    if (id && std::find(ends.begin(), ends.end(), Json(*id)) == ends.end()) ends.emplace_back(*id);
  }
  if (!ends.empty()) config.set("eos_token_id", ends);
  copy_keys(metadata, "", gguf_sampling_keys(), config);
  return config;
}

}  // namespace estoc
