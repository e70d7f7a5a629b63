#include "ops/rows.h"

#include "base/check.h"

namespace estoc {

Rows::Rows(int64_t rows_max, int64_t columns)
    : columns_(columns), values_(static_cast<uint64_t>(rows_max * columns) * sizeof(float), "activations") {
  view_.columns = columns;
  const auto reserve = [&](int64_t bytes) { return PageMemory(static_cast<uint64_t>(bytes), "activations"); };
  codes_ = reserve(rows_max * columns);
  low_codes_ = reserve(rows_max * columns);
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
  view_.low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() : nullptr;
  const auto quantize = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      int8_t* low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() + r * columns_ : nullptr;
      compute.kernels.quantize_row(row(r), columns_, codes_.as<int8_t>() + r * columns_, low_codes,
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
