#include "layers/rope.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace estoc {
namespace {

double number(const Json& object, const char* key, double fallback) {
  const Json* value = object.find(key);
  return value == nullptr || value->is_null() ? fallback : value->as_double();
}

// rope_scaling of older configs or rope_parameters of newer ones; null when neither says anything.
const Json& scaling_of(const Json& config) {
  static const Json kNone;
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const Json* value = config.find(key);
    if (value != nullptr && value->is_object()) return *value;
  }
  return kNone;
}

std::string type_of(const Json& scaling) {
  for (const char* key : {"rope_type", "type"}) {
    const Json* value = scaling.find(key);
    if (value != nullptr && value->is_string()) return value->as_string();
  }
  return "default";
}

// Long wavelengths are slowed down by `factor`, short ones stay, those between are blended.
void scale_llama3(const Json& scaling, const std::string& source, std::vector<float>& frequencies) {
  const double factor = number(scaling, "factor", 8), low = number(scaling, "low_freq_factor", 1);
  const double high = number(scaling, "high_freq_factor", 4);
  const double original = number(scaling, "original_max_position_embeddings", 8192);
  if (!(factor >= 1) || !(high > low) || !(low > 0) || !(original > 0)) {
    fail(ErrorCode::corrupt_file,
         "{}: rope_scaling has factor {}, low {}, high {}, original {}: expected factor >= 1 "
         "and high > low > 0",
         source, factor, low, high, original);
  }
  for (float& frequency : frequencies) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength > original / low) {
      frequency = static_cast<float>(frequency / factor);
    } else if (wavelength >= original / high) {
      const double blend = (original / wavelength - low) / (high - low);
      frequency = static_cast<float>((1 - blend) * frequency / factor + blend * frequency);
    }
  }
}

}  // namespace

std::vector<float> rope_frequencies(const Json& config, const std::string& source, int head_dim,
                                    const std::vector<float>& factors) {
  const Json& scaling = scaling_of(config);
  const double theta = number(scaling, "rope_theta", number(config, "rope_theta", 10000));
  if (!(theta > 0) || !std::isfinite(theta)) {
    fail(ErrorCode::corrupt_file, "{}: rope_theta is {}, expected a positive number", source, theta);
  }
  std::vector<float> frequencies(static_cast<size_t>(head_dim / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = static_cast<float>(1.0 / std::pow(theta, 2.0 * static_cast<double>(i) / head_dim));
  }
  if (!factors.empty()) {
    for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= factors[i];
    return frequencies;
  }
  const std::string type = type_of(scaling);
  if (type == "llama3") {
    scale_llama3(scaling, source, frequencies);
  } else if (type == "linear") {
    const double factor = number(scaling, "factor", 1);
    if (!(factor > 0)) fail(ErrorCode::corrupt_file, "{}: rope_scaling factor is {}, expected > 0", source, factor);
    for (float& frequency : frequencies) frequency = static_cast<float>(frequency / factor);
  } else if (type != "default") {
    fail(ErrorCode::unsupported, "{}: rope type '{}' is not supported (default, linear, llama3 are)", source, type);
  }
  return frequencies;
}

Rope::Rope(const LoadContext& load, int head_dim) {
  std::vector<float> factors;
  if (load.source.find("rope_freqs.weight") != nullptr) {
    const int64_t shape[] = {head_dim / 2};
    const WeightTensor& tensor = load.source.require("rope_freqs.weight", shape);
    factors.resize(static_cast<size_t>(head_dim / 2));
    tensor.decode_row(0, factors.data());
    for (const float factor : factors) {
      if (!(factor > 0)) fail(ErrorCode::corrupt_file, "{}: rope_freqs has a factor of {}", load.source.path(), factor);
    }
  }
  frequencies_ = rope_frequencies(load.source.config(), load.source.path(), head_dim, factors);
}

void Rope::angles(const Batch& batch, std::vector<float>& cos, std::vector<float>& sin) const {
  const size_t width = frequencies_.size();
  cos.resize(batch.tokens.size() * width);
  sin.resize(batch.tokens.size() * width);
  for (const BatchSequence& sequence : batch.sequences) {
    for (int r = 0; r < sequence.row_count; ++r) {
      const auto position = static_cast<float>(sequence.position + r);
      const size_t at = static_cast<size_t>(sequence.first_row + r) * width;
      for (size_t i = 0; i < width; ++i) {
        // The product is rounded to f32 before the sine is taken, as the reference implementation does.
        const float angle = position * frequencies_[i];
        cos[at + i] = std::cos(angle);
        sin[at + i] = std::sin(angle);
      }
    }
  }
}

}  // namespace estoc
