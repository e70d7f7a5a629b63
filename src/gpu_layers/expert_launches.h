// The launches of a mixture of experts (docs/GPU.md); internal to steps. What the shared expert gives is put into
// GpuExpertBuffers::shared before, by the launches of dense products. Borrows everything. Throw Error{io}.
#pragma once

#include "gpu/source/gemm.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

// Of up to kGpuDecodeRows rows: which experts each goes to, from the residual.
void launch_routes(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const GpuLayer& layer, int rows);
// What they give: added to the residual, with what the next projection reads, or left in `part`. Returns the parts of
// the sums of squares.
int launch_experts(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const GpuLayer& layer, int rows, const float* next_norm);

// All of any number of rows: to the residual, or left in `part`.
void launch_prompt_experts(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                           const GpuLayer& layer, int rows);
bool has_prompt_expert_kernels(const gpu::Accelerator& device, const GpuMixture& mixture);

// A product of each tile of 64 places with its own of matrices that lie one behind the other, "store" or "gated".
void launch_expert_product(const gpu::Accelerator& device, const GpuMatrix& matrix, const char* end, int places,
                           const gpu::GemmArguments& arguments);

}  // namespace estoc
