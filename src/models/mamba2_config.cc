#include "models/mamba2_config.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "models/llama.h"
#include "ops/causal_conv.h"

namespace estoc {
namespace {

constexpr float kForever = std::numeric_limits<float>::infinity();

// A number, or {"__float__": "Infinity"}, as transformers writes what JSON has no number for.
bool read_limit(const Json& value, float& limit) {
  const Json* name = value.find("__float__");
  if (name != nullptr && *name == Json("Infinity")) {
    limit = kForever;
    return true;
  }
  if (!value.is_number()) return false;
  limit = static_cast<float>(value.as_double());
  return true;
}

void read_step_limits(const ConfigReader& config, Mamba2Spec& spec) {
  constexpr std::string_view kKey = "time_step_limit";
  spec.step_min = 0;
  spec.step_max = kForever;
  const Json* limits = config.find(kKey);
  if (limits == nullptr) return;
  const bool is_pair = limits->is_array() && limits->as_array().size() == 2;
  if (is_pair && read_limit(limits->as_array()[0], spec.step_min) && read_limit(limits->as_array()[1], spec.step_max) &&
      spec.step_min >= 0 && spec.step_min <= spec.step_max) {
    return;
  }
  fail(ErrorCode::corrupt_file, "{}: {} is not two numbers in order, of 0 or more", config.file(),
       config.spelling(kKey));
}

}  // namespace

Mamba2Spec describe_mamba2(const ConfigReader& config, const Mamba2Keys& family_keys, int hidden, int inner) {
  constexpr int kSizeMax = 1 << 16;
  constexpr Mamba2Keys kGgufKeys = {.heads = "ssm_time_step_rank",
                                    .head_dim = "ssm_head_dim",  // not told: what inside is divided by heads
                                    .groups = "ssm_group_count",
                                    .state_size = "ssm_state_size",
                                    .conv_width = "ssm_conv_kernel"};
  const bool is_gguf = config.find("ssm_inner_size") != nullptr;
  const Mamba2Keys& keys = is_gguf ? kGgufKeys : family_keys;
  if (is_gguf) inner = config.integer("ssm_inner_size", 1, 1 << 20);
  Mamba2Spec spec;
  spec.heads = config.integer(keys.heads, 1, kSizeMax);
  if (inner == 0) inner = config.integer(keys.expand, 1, kSizeMax, 2) * hidden;
  const Json* head_dim = config.find(keys.head_dim);
  spec.head_dim = head_dim != nullptr && *head_dim == Json("auto")
                      ? inner / spec.heads
                      : config.integer(keys.head_dim, 1, kSizeMax, inner / spec.heads);
  spec.groups = config.integer(keys.groups, 1, kSizeMax, 1);
  spec.state_size = config.integer(keys.state_size, 1, kSizeMax);
  spec.conv_width = config.integer(keys.conv_width, 2, kCausalConvWidthMax, 4);
  if (spec.heads % spec.groups != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {} and {} is {}: heads cannot be divided evenly", config.file(),
         config.spelling(keys.heads), spec.heads, config.spelling(keys.groups), spec.groups);
  }
  if (read_activation(config, keys.activation, "silu") != Activation::silu) {
    fail(ErrorCode::unsupported, "{}: {} '{}' is not supported in Mamba-2 layers, expected silu", config.file(),
         config.spelling(keys.activation), config.text(keys.activation, "silu").substr(0, 100));
  }
  read_step_limits(config, spec);
  return spec;
}

std::vector<float> read_numbers(const ConfigReader& config, std::string_view key, size_t count, double low,
                                double high) {
  const Json* list = config.find(key);
  std::vector<float> numbers(count, 1);
  if (list == nullptr) return numbers;
  bool fits = list->is_array() && list->as_array().size() == count;
  for (size_t i = 0; fits && i < count; ++i) {
    const Json& item = list->as_array()[i];
    fits = item.is_number() && item.as_double() >= low && item.as_double() <= high;
    if (fits) numbers[i] = static_cast<float>(item.as_double());
  }
  if (!fits) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} numbers from {} to {}", config.file(),
         config.spelling(key), count, low, high);
  }
  return numbers;
}

std::vector<bool> attention_layers(const ConfigReader& config, std::string_view key, int layers) {
  const Json* types = config.find(key);
  if (types == nullptr) return {};
  std::vector<bool> attends;
  bool fits = types->is_array() && std::ssize(types->as_array()) == layers;
  for (int layer = 0; fits && layer < layers; ++layer) {
    const Json& type = types->as_array()[static_cast<size_t>(layer)];
    attends.push_back(type == Json("full_attention") || type == Json("attention"));
    fits = attends.back() || type == Json("linear_attention") || type == Json("mamba");
  }
  if (!fits) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} kinds, each 'attention' or 'mamba'", config.file(),
         config.spelling(key), layers);
  }
  return attends;
}

}  // namespace estoc
