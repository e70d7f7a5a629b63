#include "layers/state_tensors.h"

#include <cmath>

namespace estoc {

std::vector<float> load_numbers(LoadContext& load, std::initializer_list<std::string> names, int64_t count) {
  const std::string* name = names.begin();
  for (const std::string& candidate : names) {
    if (load.source.find(candidate) != nullptr) name = &candidate;
  }
  const WeightTensor* const found = load.source.find(*name);
  const bool fits = found != nullptr && found->element_count() == count;
  const int64_t shape[] = {count};
  const WeightTensor& tensor = load.require(*name, fits ? std::span<const int64_t>(found->shape) : shape);
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t r = 0; r < tensor.rows(); ++r) tensor.decode_row(r, values.data() + r * tensor.columns());
  load.took(tensor.bytes.size());
  return values;
}

std::vector<float> load_taps(LoadContext& load, const std::string& name, int64_t columns, int64_t width) {
  const std::vector<float> stored = load_numbers(load, {name}, columns * width);
  std::vector<float> taps(stored.size());
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t k = 0; k < width; ++k) {
      taps[static_cast<size_t>(k * columns + c)] = stored[static_cast<size_t>(c * width + k)];
    }
  }
  return taps;
}

std::vector<float> load_rates(LoadContext& load, const std::string& name, int64_t count) {
  if (load.source.find(name + ".A_log") == nullptr && load.source.find(name + ".A") != nullptr) {
    return load_numbers(load, {name + ".A"}, count);
  }
  std::vector<float> rates = load_numbers(load, {name + ".A_log"}, count);
  for (float& rate : rates) rate = -std::exp(rate);
  return rates;
}

}  // namespace estoc
