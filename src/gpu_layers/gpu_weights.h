// The weights of some of a decoder's layers in a device's memory.
//
// Ownership: owns the device's memory; borrows the device. Threads: immutable. Errors: the constructor throws
// Error{unsupported, corrupt_file} as the plan does, Error{resource_exhausted, io} where the device fails.
#pragma once

#include "gpu/accelerator.h"
#include "gpu_layers/gpu_weight_plan.h"
#include "layers/load_context.h"

namespace estoc {

class GpuWeights {
 public:
  // Layers [first, end), and the decoder's ends that these reach.
  GpuWeights(LoadContext& load, const gpu::Accelerator& device, const DecoderSpec& decoder, int first, int end);

  const GpuWeightPlan& plan() const { return plan_; }
  const gpu::u8* matrix(const GpuMatrix& matrix) const { return matrices_.as<gpu::u8>(matrix.at); }
  const gpu::u8* at(size_t byte) const { return matrices_.as<gpu::u8>(byte); }
  const float* vector(size_t at) const { return vectors_.as<float>(at * sizeof(float)); }

 private:
  void upload(LoadContext& load, const gpu::Accelerator& device);

  GpuWeightPlan plan_;
  gpu::Buffer matrices_, vectors_;
};

}  // namespace estoc
