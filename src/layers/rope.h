// Rotary position embedding: the frequencies of a model, and the angles of a batch.
//
// Frequencies follow config.json's rope_theta with rope_scaling, or the newer rope_parameters, which may hold a set for
// each kind of layer: types default, linear, dynamic, llama3, yarn, longrope and proportional. A GGUF's rope_freqs
// tensor gives llama3's factors instead. Formulas: transformers' modeling_rope_utils (5.23).
// Throws Error{unsupported} for another type, Error{corrupt_file} for values of another kind or out of bounds.
#pragma once

#include <string_view>
#include <vector>

#include "layers/cpu_scratch.h"
#include "layers/layer_spec.h"
#include "tensor/batch.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

struct RopeOptions {
  int head_dim = 0;
  double partial = 1;           // share of a head that turns, where the config does not say
  std::string_view layer_type;  // "full_attention": of the sets in rope_parameters, where there are several
  std::string_view partial_key = "partial_rotary_factor", theta_key = "rope_theta";
  double theta = 10000;     // where the config does not say
  bool has_scaling = true;  // false: only theta is read
  bool is_interleaved = false;
  bool is_yarn_rounded = true;  // where the config does not say: bounds of what is blended are whole dimensions
};

// What the checkpoint says.
RopeSpec read_rope(const WeightSource& source, const RopeOptions& options);
// The same of a config alone; `factors` divides the frequencies when not empty.
RopeSpec rope_of(const ConfigReader& config, const RopeOptions& options, const std::vector<float>& factors);

class Rope {
 public:
  explicit Rope(const RopeSpec& spec) : frequencies_(spec.frequencies), magnitude_(spec.magnitude) {}

  int half() const { return static_cast<int>(frequencies_.size()); }
  // Fills cos and sin [rows][half] for every row of the batch.
  void angles(const Batch& batch, RowAngles& angles) const;

 private:
  std::vector<float> frequencies_;  // radians a position, [half]
  float magnitude_;
};

}  // namespace estoc
