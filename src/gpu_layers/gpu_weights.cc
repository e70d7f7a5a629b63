#include "gpu_layers/gpu_weights.h"

#include <optional>
#include <vector>

#include "gpu_layers/weight_upload.h"

namespace estoc {

GpuWeights::GpuWeights(LoadContext& load, const gpu::Accelerator& device, const DecoderSpec& decoder, int first,
                       int end)
    : plan_(load.source, load.naming, decoder, first, end),
      matrices_(device.device(), plan_.matrix_bytes),
      vectors_(device.device(), plan_.vector_floats * sizeof(float)) {
  upload(load, device);
  plan_.matrices = {};
  plan_.vectors = {};
}

void GpuWeights::upload(LoadContext& load, const gpu::Accelerator& device) {
  std::vector<float> values(plan_.vector_floats, 1.0f);
  std::vector<float> all;
  for (const GpuWeightPlan::VectorSource& vector : plan_.vectors) {
    all.resize(static_cast<size_t>(vector.tensor->element_count()));
    for (int64_t row = 0; row < vector.tensor->rows(); ++row) {
      vector.tensor->decode_row(row, all.data() + row * vector.tensor->columns());
    }
    for (int i = 0; i < vector.count; ++i) {
      const int64_t element = vector.element(i);
      if (element == GpuWeightPlan::VectorSource::kLeft) continue;
      const bool is_zero = element == GpuWeightPlan::VectorSource::kZero;
      values[vector.at + static_cast<size_t>(i)] =
          is_zero ? 0 : all.at(static_cast<size_t>(element)) * vector.factor + vector.offset;
      if (vector.change != nullptr)
        values[vector.at + static_cast<size_t>(i)] = vector.change(values[vector.at + static_cast<size_t>(i)]);
    }
    load.used.insert(vector.tensor);
    load.took(static_cast<uint64_t>(vector.count) * vector.tensor->bytes.size() / all.size());
  }
  vectors_.upload(values.data(), values.size() * sizeof(float));
  load.used.insert(plan_.experts.begin(), plan_.experts.end());
  WeightUpload upload(device, load.compute.team);
  for (const GpuWeightPlan::MatrixSource& matrix : plan_.matrices) {
    const MatrixView& first = matrix.parts.front().matrix;
    const std::optional<MatrixView> turned =
        matrix.turned == nullptr ? std::nullopt : std::optional(first.transposed(1, matrix.turned));
    const RowSource source{.rows = matrix.to.rows,
                           .columns = matrix.to.columns,
                           .row_bytes = staged_row_bytes(turned ? *turned : first),
                           .row = [&](int64_t r) { return turned ? staged_row(*turned, r) : matrix.row(r); }};
    upload.put(*matrix.form, source, matrices_.as<gpu::u8>(matrix.to.at));
    for (const GpuWeightPlan::Part& part : matrix.parts) {
      load.used.insert(&part.matrix.tensor());
      load.took(part.matrix.stored_bytes());
    }
  }
  upload.finish();
}

}  // namespace estoc
