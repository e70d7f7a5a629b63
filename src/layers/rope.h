// Rotary position embedding: the frequencies of a model, and the angles of a batch.
//
// Frequencies follow config.json's rope_theta with rope_scaling (or the newer rope_parameters): types default, linear
// and llama3; a GGUF's rope_freqs tensor gives llama3's factors instead. Formulas: transformers' modeling_rope_utils.
// Throws Error{unsupported} for another type, Error{corrupt_file} for values of another kind or out of bounds.
#pragma once

#include <vector>

#include "layers/layer_spec.h"
#include "tensor/batch.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

// What the checkpoint says, for heads of `head_dim`.
RopeSpec read_rope(const WeightSource& source, int head_dim);

class Rope {
 public:
  explicit Rope(const RopeSpec& spec) : frequencies_(spec.frequencies) {}

  int half() const { return static_cast<int>(frequencies_.size()); }
  // Fills cos and sin [rows][half] for every row of the batch.
  void angles(const Batch& batch, std::vector<float>& cos, std::vector<float>& sin) const;

 private:
  std::vector<float> frequencies_;  // radians a position, [half]
};

// The frequencies alone, for tests; `factors` divides them when not empty.
std::vector<float> rope_frequencies(const ConfigReader& config, int head_dim, const std::vector<float>& factors);

}  // namespace estoc
