// Products of activations with one or more weights, split over the team by output rows.
#pragma once

#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "ops/weight.h"
#include "tensor/page_memory.h"

namespace estoc {

// Room for decoded weight rows, one piece a thread; sized for the widest matrix of the model.
class DecodeScratch {
 public:
  DecodeScratch(int threads, int64_t columns_max);
  // For rows of `columns`, at most the columns_max it was made for.
  float* of_thread(int thread, int64_t columns) const;

 private:
  int64_t columns_max_, stride_;
  PageMemory memory_;
};

// One product of a joint call: out [x.count()][weight->rows()].
struct Product {
  const Weight* weight = nullptr;
  kernels::ProductRows out;
};

// All products read the same x, in one fork–join. x [rows][columns] gets the forms they read first,
// unless it has them.
void matmul(const Compute& compute, Rows& x, std::span<const Product> products, const DecodeScratch& scratch);

}  // namespace estoc
