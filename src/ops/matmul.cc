#include "ops/matmul.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {

DecodeScratch::DecodeScratch(int threads, int64_t columns_max)
    : columns_max_(columns_max),
      stride_((Weight::kDecodedRows * columns_max + 15) / 16 * 16),
      memory_(static_cast<uint64_t>(stride_ * threads) * sizeof(float), "decoded weight rows") {}

float* DecodeScratch::of_thread(int thread, int64_t columns) const {
  ESTOC_CHECK(columns <= columns_max_);
  return memory_.as<float>() + thread * stride_;
}

void matmul(const Compute& compute, Rows& x, std::span<const Product> products, const DecodeScratch& scratch) {
  if (x.count() == 0) return;
  uint64_t bytes = 0;
  for (const Product& product : products) bytes += product.weight->resident_bytes();
  const ProfileScope scope(compute, "matmul", bytes, products.front().weight->name());
  for (const Product& product : products) {
    ESTOC_DCHECK(product.weight->columns() == x.columns());
    x.make(compute, product.weight->reads(compute, x.count()));
  }
  int64_t panel_count = 0;
  for (const Product& product : products) panel_count += product.weight->panel_count();
  // Two panels share the activations they load. A thread that is held up leaves its later chunks to the others.
  constexpr int64_t kStep = 2;
  constexpr int kChunks = 4;
  compute.team.parallel_chunks(panel_count, kStep, kChunks, [&](int64_t begin, int64_t end, int thread) {
    for (const Product& product : products) {
      const int64_t count = product.weight->panel_count();
      if (begin < count && end > 0) {
        product.weight->multiply(compute, x, product.out, std::max<int64_t>(0, begin), std::min(end, count),
                                 scratch.of_thread(thread, x.columns()));
      }
      begin -= count;
      end -= count;
    }
  });
}

}  // namespace estoc
