// Checkpoints in FP8: what their config says of it, and the scales that belong to their tensors.
//
// What is read: codes of E4M3 in a tensor `M.weight` and their factors beside it, `M.weight_scale_inv` or
// `M.weight_scale`: one, one a row, or one for each block of rows and columns ("fp8", "fbgemm_fp8",
// "compressed-tensors" and "modelopt" in quantization_config.quant_method). Which modules were left out of it is what
// their tensors say. Scales that were measured for activations, keys and values are left out: those are computed with
// as in every other model.
// Pure functions. Throw Error{unsupported, corrupt_file} with file, tensor, what was found and what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "weights/weight_source.h"

namespace estoc {

struct Fp8Scheme {
  int64_t block_rows = 0, block_columns = 0;  // that share a factor; 0: tensors have one, or one a row
};

// What a quantization_config, of the file `path`, describes; whatever is not FP8 is refused by name.
Fp8Scheme read_fp8_scheme(const Json& quantization, const std::string& path);

// The tensors without those that are factors of others, which then have them as their scales. Without a scheme there
// must not be any.
std::vector<WeightTensor> with_scales(std::vector<WeightTensor> tensors, const std::optional<Fp8Scheme>& scheme,
                                      const std::string& config_path);

}  // namespace estoc
