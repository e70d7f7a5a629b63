#include "gpu_layers/device_form.h"

#include <string>

#include "base/error.h"

namespace estoc {
namespace {

using gpu::WeightForm;

constexpr DeviceForm kForms[] = {
    {"bf16", WeightForm::bf16, "repack_bf16"},       {"q8_0", WeightForm::codes8, "repack_q8_0"},
    {"q4_0", WeightForm::codes4, "repack_q4_0"},     {"q4_1", WeightForm::codes4_min, "repack_q4_1"},
    {"q4_k", WeightForm::codes4_min, "repack_q4_k"},
};

}  // namespace

const DeviceForm& device_form_of(const MatrixView& matrix) {
  std::string known;
  for (const DeviceForm& form : kForms) {
    if (form.format == matrix.format().name) return form;
    known += (known.empty() ? "" : ", ") + std::string(form.format);
  }
  fail(ErrorCode::unsupported, "{}: tensor '{}' is {}, which is not computed on a GPU yet ({} are)",
       matrix.tensor().file, matrix.tensor().source_name, matrix.format().name, known);
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
  }
  return "";
}

}  // namespace estoc
