#include "layers/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

// Beyond these a frequency leaves what f32 angles can tell apart; no model comes near.
constexpr double kThetaMin = 1, kThetaMax = 1e15, kFactorMin = 1e-3, kFactorMax = 1e6, kPositionsMax = 1 << 30;

constexpr float kDivisorMax = 2e30f;  // of a tensor of factors, which so leaves a frequency out

constexpr std::string_view kFactorsTensor = "rope_freqs.weight";

// rope_scaling of older configs or rope_parameters of newer ones, or the set of a kind of layer in there; empty when
// none of them says anything.
ConfigReader scaling_of(const ConfigReader& config, std::string_view layer_type) {
  if (config.find("rope_parameters") == nullptr) return config.object("rope_scaling");
  ConfigReader parameters = config.object("rope_parameters");
  return layer_type.empty() || parameters.find(layer_type) == nullptr ? parameters : parameters.object(layer_type);
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

double original_positions(const ConfigReader& config, const ConfigReader& scaling) {
  constexpr std::string_view kKey = "original_max_position_embeddings";
  if (scaling.find(kKey) != nullptr) return scaling.number(kKey, 1, kPositionsMax);
  return config.number(kKey, 1, kPositionsMax, config.number("max_position_embeddings", 1, kPositionsMax, 2048));
}

// By how much sequences grow beyond what the frequencies were trained for.
double growth(const ConfigReader& config, const ConfigReader& scaling) {
  if (scaling.find("factor") != nullptr) return scaling.number("factor", kFactorMin, kFactorMax);
  const double original = original_positions(config, scaling);
  return config.number("max_position_embeddings", 1, kPositionsMax, original) / original;
}

// Frequencies that turn often in the original context stay, slow ones are slowed down, those between are blended.
void scale_yarn(const ConfigReader& config, const ConfigReader& scaling, double theta, bool is_rounded,
                RopeSpec& rope) {
  const double factor = growth(config, scaling), original = original_positions(config, scaling);
  const auto dims = static_cast<double>(2 * rope.frequencies.size());
  const auto bound = [&](std::string_view key, double fallback) {
    const double turns = scaling.number(key, kFactorMin, kFactorMax, fallback);
    return dims * std::log(original / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double low = bound("beta_fast", 32), high = bound("beta_slow", 1);
  if (scaling.boolean("truncate", is_rounded)) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, dims - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    const double slowed = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    rope.frequencies[i] = static_cast<float>(rope.frequencies[i] * (slowed / factor + 1 - slowed));
  }
  const auto magnitude = [&](double weight) { return factor <= 1 ? 1.0 : 0.1 * weight * std::log(factor) + 1; };
  const double own = scaling.number("mscale", 0, kFactorMax, 0),
               all = scaling.number("mscale_all_dim", 0, kFactorMax, 0);
  const double implied = own > 0 && all > 0 ? magnitude(own) / magnitude(all) : magnitude(1);
  rope.magnitude = static_cast<float>(scaling.number("attention_factor", 0, kFactorMax, implied));
}

// Each frequency has a factor of its own, one for sequences within the original context and one for longer ones.
void scale_longrope(const ConfigReader& config, const ConfigReader& scaling, RopeSpec& rope) {
  const auto scaled = [&](std::string_view key) {
    const Json* list = scaling.find(key);
    if (list == nullptr || !list->is_array() || list->as_array().size() != rope.frequencies.size()) {
      fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} numbers", scaling.file(), scaling.spelling(key),
           rope.frequencies.size());
    }
    std::vector<float> frequencies = rope.frequencies;
    for (size_t i = 0; i < frequencies.size(); ++i) {
      const Json& factor = list->as_array()[i];
      const double value = factor.is_number() ? factor.as_double() : 0;
      if (!(value >= kFactorMin && value <= kFactorMax)) {
        fail(ErrorCode::corrupt_file, "{}: {} has {}, expected numbers from {} to {}", scaling.file(),
             scaling.spelling(key), to_json(factor), kFactorMin, kFactorMax);
      }
      frequencies[i] = static_cast<float>(frequencies[i] / value);
    }
    return frequencies;
  };
  const double original = original_positions(config, scaling);
  const double factor = growth(config, scaling);
  rope.long_frequencies = scaled("long_factor");
  rope.long_from = static_cast<int>(original);
  rope.frequencies = scaled("short_factor");
  const double implied = factor <= 1 ? 1.0 : std::sqrt(1 + std::log(factor) / std::log(original));
  rope.magnitude = static_cast<float>(scaling.number("attention_factor", 0, kFactorMax, implied));
}

}  // namespace

RopeSpec rope_of(const ConfigReader& config, const RopeOptions& options, const std::vector<float>& factors) {
  const ConfigReader scaling =
      options.has_scaling ? scaling_of(config, options.layer_type) : config.object("");  // a key that is nowhere
  double theta = scaling.number("rope_theta", kThetaMin, kThetaMax,
                                config.number(options.theta_key, kThetaMin, kThetaMax, options.theta));
  const double partial =
      scaling.number("partial_rotary_factor", 0, 1, config.number(options.partial_key, 0, 1, options.partial));
  const int dims = static_cast<int>(options.head_dim * partial) / 2 * 2;
  const std::string type = type_of(scaling);
  if (const double alpha = scaling.number("alpha", 0, kFactorMax, 0); type == "dynamic" && alpha > 0 && dims > 2) {
    theta *= std::pow(alpha, dims / (dims - 2.0));  // the same for sequences of any length
  }
  // A proportional rotation spreads a whole head's frequencies and leaves out the slowest.
  const int spread = type == "proportional" ? options.head_dim : dims;
  RopeSpec rope{.is_interleaved = options.is_interleaved};
  rope.frequencies.resize(static_cast<size_t>(spread / 2));
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    const double frequency = 1.0 / std::pow(theta, 2.0 * static_cast<double>(i) / spread);
    rope.frequencies[i] = 2 * static_cast<int>(i) < dims ? static_cast<float>(frequency) : 0.0f;
  }
  if (!factors.empty() && factors.size() != rope.frequencies.size()) {
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' has {} factors for {} frequencies that {} ({}) leaves",
         config.file(), kFactorsTensor, factors.size(), rope.frequencies.size(), config.spelling(options.partial_key),
         partial);
  }
  for (size_t i = 0; i < factors.size(); ++i) rope.frequencies[i] /= factors[i];
  constexpr std::string_view kMagnitude = "attention_factor";
  const bool has_magnitude = type == "yarn" || type == "longrope" || type == "su";
  if (!has_magnitude && scaling.find(kMagnitude) != nullptr && *scaling.find(kMagnitude) != Json(1.0) &&
      *scaling.find(kMagnitude) != Json(1)) {
    fail(ErrorCode::unsupported, "{}: {} ({}) is not computed with a rope_type of '{}'", scaling.file(),
         scaling.spelling(kMagnitude), shown(to_json(*scaling.find(kMagnitude))), type);
  }
  if (type == "llama3") {
    if (factors.empty()) scale_llama3(scaling, rope.frequencies);  // else it is in the factors
  } else if (type == "linear" || (type == "proportional" && scaling.find("factor") != nullptr)) {
    const double factor = scaling.number("factor", kFactorMin, kFactorMax);
    for (float& frequency : rope.frequencies) frequency = static_cast<float>(frequency / factor);
  } else if (type == "yarn") {
    scale_yarn(config, scaling, theta, options.is_yarn_rounded, rope);
  } else if (type == "longrope" || type == "su") {
    scale_longrope(config, scaling, rope);
  } else if (type != "default" && type != "proportional" && type != "dynamic") {
    // dynamic changes nothing before max_position_embeddings, where sequences end.
    fail(ErrorCode::unsupported,
         "{}: {} '{}' is not supported (default, linear, dynamic, llama3, yarn, longrope, proportional are)",
         scaling.file(), scaling.spelling("rope_type"), type.substr(0, 100));
  }
  return rope;
}

RopeSpec read_rope(const WeightSource& source, const RopeOptions& options) {
  std::vector<float> factors;
  const WeightTensor* tensor = options.has_scaling ? source.find(kFactorsTensor) : nullptr;
  if (tensor != nullptr) {
    factors.resize(static_cast<size_t>(tensor->element_count()));
    const int64_t shape[] = {static_cast<int64_t>(options.head_dim * options.partial) / 2};
    source.require(kFactorsTensor, shape).decode_row(0, factors.data());
    for (const float factor : factors) {
      if (factor >= kFactorMin && factor <= kDivisorMax) continue;  // false for NaN
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' has a factor of {}, expected {} to {}", source.path(),
           kFactorsTensor, factor, kFactorMin, kDivisorMax);
    }
  }
  RopeSpec rope = rope_of(ConfigReader(source), options, factors);
  if (tensor != nullptr) rope.factors = kFactorsTensor;
  return rope;
}

void Rope::angles(const Batch& batch, RowAngles& angles) const {
  const size_t width = frequencies_.size();
  angles.half = half();
  angles.cos.resize(batch.tokens.size() * width);
  angles.sin.resize(batch.tokens.size() * width);
  for (const BatchSequence& sequence : batch.sequences) {
    for (int r = 0; r < sequence.row_count; ++r) {
      const auto position = static_cast<float>(sequence.position + r);
      const size_t at = static_cast<size_t>(sequence.first_row + r) * width;
      for (size_t i = 0; i < width; ++i) {
        // The product is rounded to f32 before the sine is taken, as the reference implementation does.
        const float angle = position * frequencies_[i];
        angles.cos[at + i] = magnitude_ * std::cos(angle);
        angles.sin[at + i] = magnitude_ * std::sin(angle);
      }
    }
  }
}

}  // namespace estoc
