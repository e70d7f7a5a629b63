#include "ops/matmul.h"

#include "base/check.h"

namespace estoc {

DecodeScratch::DecodeScratch(int threads, int64_t columns_max)
    : stride_((Weight::kDecodedRows * columns_max + 15) / 16 * 16),
      memory_(static_cast<uint64_t>(stride_ * threads) * sizeof(float), "decoded weight rows") {}

void matmul(const Compute& compute, Rows& x, std::span<const Product> products, const DecodeScratch& scratch) {
  if (x.count() == 0) return;
  for (const Product& product : products) {
    ESTOC_DCHECK(product.weight->columns() == x.columns());
    x.make(compute, product.weight->reads(compute, x.count()));
  }
  const int threads = compute.team.thread_count();
  compute.team.run([&](int thread) {
    for (const Product& product : products) {
      product.weight->multiply_share(compute, x, product.out, thread, threads, scratch.of_thread(thread));
    }
  });
}

}  // namespace estoc
