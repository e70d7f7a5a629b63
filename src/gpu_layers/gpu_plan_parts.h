// Internal to this room: matrices of a checkpoint for whoever plans what a device has, and the sentence for what it
// does not compute. Throws Error{unsupported, corrupt_file}.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "layers/expert_tensors.h"
#include "layers/spec_matrix.h"
#include "weights/weight_source.h"

namespace estoc {

[[noreturn]] inline void refuse_on_device(const std::string& name, std::string_view what) {
  fail(ErrorCode::unsupported, "layers on a GPU: '{}' {}, which is not computed there yet", name, what);
}

// Four floats a load: every vector begins at a multiple of them.
inline size_t aligned(size_t floats) { return (floats + 63) / 64 * 64; }

inline RequireTensor require_of(const WeightSource& source) {
  return [&source](const std::string& name, std::span<const int64_t> shape) -> const WeightTensor& {
    return source.require(name, shape);
  };
}

inline MatrixView matrix_of(const WeightSource& source, const MatrixSpec& spec, int rows, int columns) {
  return spec_matrix(spec, rows, columns, {}, require_of(source));
}

inline MatrixView matrix_without_bias(const WeightSource& source, const MatrixSpec& spec, int rows, int columns) {
  if (source.find(spec.name + ".bias") != nullptr) refuse_on_device(spec.name, "has a bias");
  return matrix_of(source, spec, rows, columns);
}

inline bool is_rms(const std::optional<NormSpec>& norm) { return norm && norm->kind == NormSpec::Kind::rms; }

}  // namespace estoc
