#include "gpu_layers/device_form.h"

#include <string>

#include "base/error.h"

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
};

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
  }
  return "";
}

}  // namespace estoc
