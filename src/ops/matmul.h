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
  float* of_thread(int thread) const { return memory_.as<float>() + thread * stride_; }

 private:
  int64_t stride_;
  PageMemory memory_;
};

// One product of a joint call: out [x.count()][out_stride], written at columns 0 .. weight->rows()-1.
struct Product {
  const Weight* weight = nullptr;
  float* out = nullptr;
  int64_t out_stride = 0;
};

// All products read the same x, in one fork–join. x [rows][columns] f32; quantized first when a weight is packed.
void matmul(const Compute& compute, Rows& x, std::span<const Product> products, const DecodeScratch& scratch);

}  // namespace estoc
