#include "gpu_layers/device_form.h"

#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "quant/f8.h"

namespace estoc {
namespace {

using gpu::WeightForm;

constexpr DeviceForm kForms[] = {
    {"bf16", WeightForm::bf16, "repack_bf16"},       {"q8_0", WeightForm::codes8, "repack_q8_0"},
    {"q4_0", WeightForm::codes4, "repack_q4_0"},     {"q4_1", WeightForm::codes4_min, "repack_q4_1"},
    {"q4_k", WeightForm::codes4_min, "repack_q4_k"}, {"q6_k", WeightForm::codes8_16, "repack_q6_k"},
    {"q5_k", WeightForm::codes8_min, "repack_q5_k"}, {"q5_0", WeightForm::codes8, "repack_q5_0"},
    {"q5_1", WeightForm::codes8_min, "repack_q5_1"}, {"q3_k", WeightForm::codes8, "repack_q3_k"},
    {"iq4_nl", WeightForm::codes8, "repack_iq4_nl"}, {"iq4_xs", WeightForm::codes8, "repack_iq4_xs"},
    {"mxfp4", WeightForm::codes8, "repack_mxfp4"},   {"f16", WeightForm::f16, "repack_f16"},
    {"f8_e4m3", WeightForm::f8, "repack_f8_e4m3"},
};

bool is_f8(const MatrixView& matrix) { return &matrix.format() == &f8_e4m3; }
constexpr int64_t kF8UnitBytes = gpu::kUnitColumns + 4;  // codes and their scale

}  // namespace

const DeviceForm& device_form_of(const MatrixView& matrix, const QuantFormat& format) {
  std::string known;
  for (const DeviceForm& form : kForms) {
    if (form.format == format.name) return form;
    known += (known.empty() ? "" : ", ") + std::string(form.format);
  }
  fail(ErrorCode::unsupported, "{}: tensor '{}' is {}, which is not computed on a GPU yet ({} are)",
       matrix.tensor().file, matrix.tensor().source_name, format.name, known);
}

int64_t staged_row_bytes(const MatrixView& matrix) {
  const int64_t columns = matrix.columns();
  if (!is_f8(matrix)) return matrix.format().row_bytes(columns);
  const int64_t shared = matrix.has_scales() ? matrix.scale_columns() : columns;
  if (shared != columns && shared % gpu::kUnitColumns != 0) {
    fail(ErrorCode::unsupported, "{}: {} columns of tensor '{}' share a scale, expected a multiple of {} on a GPU",
         matrix.tensor().file, shared, matrix.tensor().source_name, gpu::kUnitColumns);
  }
  return columns / gpu::kUnitColumns * kF8UnitBytes;
}

const std::byte* staged_row(const MatrixView& matrix, int64_t r) {
  if (!is_f8(matrix)) return matrix.row(r);
  thread_local std::vector<std::byte> staged;
  staged.resize(static_cast<size_t>(matrix.columns() / gpu::kUnitColumns * kF8UnitBytes));
  const std::byte* codes = matrix.row(r);
  std::byte* to = staged.data();
  for (int64_t c = 0; c < matrix.columns(); c += gpu::kUnitColumns, codes += gpu::kUnitColumns, to += kF8UnitBytes) {
    const float scale = matrix.has_scales() ? matrix.scale(r, c) : 1;
    std::memcpy(to, codes, gpu::kUnitColumns);
    std::memcpy(to + gpu::kUnitColumns, &scale, sizeof scale);
  }
  return staged.data();
}

const char* name_of(gpu::WeightForm form) {
  switch (form) {
    case WeightForm::bf16:
      return "bf16";
    case WeightForm::codes8:
      return "codes8";
    case WeightForm::codes4:
      return "codes4";
    case WeightForm::codes4_min:
      return "codes4_min";
    case WeightForm::f16:
      return "f16";
    case WeightForm::codes8_min:
      return "codes8_min";
    case WeightForm::codes8_16:
      return "codes8_16";
    case WeightForm::f8:
      return "f8";
  }
  return "";
}

}  // namespace estoc
