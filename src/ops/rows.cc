#include "ops/rows.h"

#include "base/check.h"

namespace estoc {

Rows::Rows(int64_t rows_max, int64_t columns)
    : columns_(columns), values_(static_cast<uint64_t>(rows_max * columns) * sizeof(float), "activations") {
  view_.columns = columns;
  const auto reserve = [&](int64_t bytes) { return PageMemory(static_cast<uint64_t>(bytes), "activations"); };
  codes_ = reserve(rows_max * columns);
  blocks_ = reserve(rows_max * view_.block_count() * static_cast<int64_t>(sizeof(kernels::ActivationBlock)));
  view_.codes = codes_.as<int8_t>();
  view_.blocks = blocks_.as<kernels::ActivationBlock>();
}

void Rows::reset(int64_t row_count) {
  ESTOC_DCHECK(row_count * columns_ * 4 <= static_cast<int64_t>(values_.bytes()));
  count_ = row_count;
  is_quantized_ = false;
}

const kernels::QuantizedRows& Rows::quantized(const Compute& compute) {
  if (is_quantized_) return view_;
  ESTOC_DCHECK(columns_ % 32 == 0);
  const auto quantize = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      compute.kernels.quantize_row(row(r), columns_, codes_.as<int8_t>() + r * columns_,
                                   blocks_.as<kernels::ActivationBlock>() + r * view_.block_count());
    }
  };
  if (count_ < 4) {  // not worth waking anyone
    quantize(0, count_, 0);
  } else {
    compute.team.parallel_for(count_, 1, quantize);
  }
  is_quantized_ = true;
  return view_;
}

}  // namespace estoc
