#include "layers/rope.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace estoc {
namespace {

// Beyond these a frequency leaves what f32 angles can tell apart; no model comes near.
constexpr double kThetaMin = 1, kThetaMax = 1e15, kFactorMin = 1e-3, kFactorMax = 1e6, kPositionsMax = 1 << 30;

constexpr std::string_view kFactorsTensor = "rope_freqs.weight";

// rope_scaling of older configs or rope_parameters of newer ones; empty when neither says anything.
ConfigReader scaling_of(const ConfigReader& config) {
  return config.find("rope_parameters") != nullptr ? config.object("rope_parameters") : config.object("rope_scaling");
}

std::string type_of(const ConfigReader& scaling) { return scaling.text("rope_type", scaling.text("type", "default")); }

// Long wavelengths are slowed down by `factor`, short ones stay, those between are blended.
void scale_llama3(const ConfigReader& scaling, std::vector<float>& frequencies) {
  const double factor = scaling.number("factor", 1, kFactorMax);
  const double low = scaling.number("low_freq_factor", kFactorMin, kFactorMax);
  const double high = scaling.number("high_freq_factor", kFactorMin, kFactorMax);
  const double original = scaling.number("original_max_position_embeddings", 1, kPositionsMax);
  if (!(high > low)) {
    fail(ErrorCode::corrupt_file, "{}: {} is {} and {} is {}, expected a higher high_freq_factor", scaling.file(),
         scaling.spelling("low_freq_factor"), low, scaling.spelling("high_freq_factor"), high);
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

std::vector<float> rope_frequencies(const ConfigReader& config, int head_dim, const std::vector<float>& factors) {
  const ConfigReader scaling = scaling_of(config);
  const double theta =
      scaling.number("rope_theta", kThetaMin, kThetaMax, config.number("rope_theta", kThetaMin, kThetaMax, 10000));
  std::vector<float> frequencies(static_cast<size_t>(head_dim / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = static_cast<float>(1.0 / std::pow(theta, 2.0 * static_cast<double>(i) / head_dim));
  }
  for (size_t i = 0; i < factors.size(); ++i) frequencies[i] /= factors[i];
  const std::string type = type_of(scaling);
  if (type == "llama3") {
    if (factors.empty()) scale_llama3(scaling, frequencies);  // else it is in the factors
  } else if (type == "linear") {
    const double factor = scaling.number("factor", kFactorMin, kFactorMax);
    for (float& frequency : frequencies) frequency = static_cast<float>(frequency / factor);
  } else if (type != "default") {
    fail(ErrorCode::unsupported, "{}: {} '{}' is not supported (default, linear, llama3 are)", scaling.file(),
         scaling.spelling("rope_type"), type.substr(0, 100));
  }
  return frequencies;
}

RopeSpec read_rope(const WeightSource& source, int head_dim) {
  RopeSpec rope;
  std::vector<float> factors;
  if (source.find(kFactorsTensor) != nullptr) {
    const int64_t shape[] = {head_dim / 2};
    const WeightTensor& tensor = source.require(kFactorsTensor, shape);
    rope.factors = kFactorsTensor;
    factors.resize(static_cast<size_t>(head_dim / 2));
    tensor.decode_row(0, factors.data());
    for (const float factor : factors) {
      if (factor >= kFactorMin && factor <= kFactorMax) continue;  // false for NaN
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' has a factor of {}, expected {} to {}", source.path(),
           kFactorsTensor, factor, kFactorMin, kFactorMax);
    }
  }
  rope.frequencies = rope_frequencies(ConfigReader(source), head_dim, factors);
  return rope;
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
