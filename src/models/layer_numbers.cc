#include "models/layer_numbers.h"

#include <algorithm>

#include "base/error.h"
#include "models/llama.h"

namespace estoc {

std::vector<int> layer_numbers(const ConfigReader& config, std::string_view key, int layers) {
  constexpr int kMost = 1 << 24;
  const Json* value = config.find(key);
  if (value == nullptr || !value->is_array()) {
    return std::vector<int>(static_cast<size_t>(layers), config.integer(key, 0, kMost, 0));
  }
  std::vector<int> numbers;
  for (const Json& item : value->as_array()) {
    const bool fits = item.is_int() && item.as_int() >= 0 && item.as_int() <= kMost;
    numbers.push_back(fits ? static_cast<int>(item.as_int()) : -1);
  }
  if (std::ssize(numbers) != layers || std::ranges::find(numbers, -1) != numbers.end()) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} numbers from 0 to {}", config.file(),
         config.spelling(key), layers, kMost);
  }
  return numbers;
}

Json with_largest(const ConfigReader& config, std::initializer_list<std::string_view> keys) {
  Json one = config.json();
  for (const std::string_view key : keys) {
    const Json* value = config.find(key);
    if (value == nullptr || !value->is_array()) continue;
    const std::vector<int> numbers = layer_numbers(config, key, layer_count(config));
    one.set(key, std::ranges::max(numbers));
  }
  return one;
}

std::vector<bool> layers_with_kv_heads(const ConfigReader& config) {
  std::vector<bool> have;
  for (const int heads : layer_numbers(config, "num_key_value_heads", layer_count(config))) have.push_back(heads > 0);
  return have;
}

}  // namespace estoc
