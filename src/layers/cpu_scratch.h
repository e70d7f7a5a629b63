// What the CPU's layers compute in: activation buffers that all layers of a stack use in turn, and the division of a
// batch's attention over threads.
//
// Ownership: owns its memory, sized once for the largest batch. Threads: one run at a time.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "layers/decoder_stack.h"
#include "layers/gated_delta_net.h"
#include "layers/latent_attention.h"
#include "layers/layer_spec.h"
#include "layers/mamba.h"
#include "layers/mamba2.h"
#include "layers/moe.h"
#include "ops/attention.h"
#include "ops/matmul.h"

namespace estoc {

// cos and sin of a batch's positions, [rows][half].
struct RowAngles {
  std::vector<float> cos, sin;
  int half = 0;
};

// What layers are given of their tokens (layers/per_layer_inputs.h).
struct LayerInputRows {
  LayerInputRows(int rows_max, int hidden, int layers, int width)
      : embedded(rows_max, hidden), all(rows_max, int64_t{layers} * width), gated(rows_max, width) {}

  Rows embedded;
  Rows all;    // side by side
  Rows gated;  // of one layer
};

struct CpuScratch : StackScratch {
  // For layers of these kinds; `groups` as many as the model has groups of layers; `input_width` 0: no inputs.
  CpuScratch(std::span<const LayerSpec> layers, int hidden, int ropes, int groups, int input_width, int rows_max,
             int threads);

  Rows normed;                   // input of a part
  Rows part;                     // its output, where that is not added to the residual stream as it is
  std::optional<Rows> parallel;  // the MLP's input beside a mixer's
  Rows q, k, v;
  std::optional<Rows> q_gate, gated;  // where attention has a gate: gated = sigmoid(q_gate) * answer
  std::optional<LatentBuffers> latent;
  std::optional<DeltaNetBuffers> delta_net;
  std::optional<Rows> conv_in, conv_out;  // where a layer is a short convolution: three inputs side by side
  std::optional<LayerInputRows> inputs;
  std::optional<MambaBuffers> mamba;
  std::optional<Mamba2Buffers> mamba2;
  Rows gate, up, activated;       // activated = f(gate) * up
  std::optional<MoeScratch> moe;  // where a layer is a mixture of experts
  std::optional<Rows> side;       // the result of a mixture beside an MLP
  std::vector<RowAngles> angles;  // by rope
  DecodeScratch decoded;
  std::vector<AttentionPlan> plans;  // of the batch, by group; prepared before the first layer

 private:
  // Columns of the buffers: what the widest layer needs.
  struct Widths {
    int64_t q = 1, kv = 1, mlp = 1, input = 0;
    std::vector<const LatentAttentionSpec*> latents;
    std::optional<DeltaNetShape> delta_net;
    bool has_conv = false, has_parallel = false, has_gate = false;
    std::optional<MambaSpec> mamba;
    std::optional<Mamba2Spec> mamba2;
    int64_t inner() const {
      return std::max<int64_t>(mamba ? std::max(mamba->columns, mamba->step_rank) : 0,
                               mamba2 ? int64_t{mamba2->heads} * mamba2->head_dim : 0);
    }
    std::vector<const MoeSpec*> mixtures;
    bool has_side = false;
    static Widths of(std::span<const LayerSpec> layers, int input_width);
  };
  CpuScratch(const Widths& widths, int hidden, int ropes, int groups, int rows_max, int threads);
};

}  // namespace estoc
