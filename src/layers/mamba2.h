// A Mamba-2 layer (Dao & Gu 2024) as a layer's mixer on the CPU. Immutable; throws Error{corrupt_file} where a tensor
// is missing or of another shape.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"
#include "ops/ssd.h"
#include "tensor/state_storage.h"

namespace estoc {

struct CpuScratch;

// What layers of one shape compute in.
struct Mamba2Buffers {
  Mamba2Buffers(const Mamba2Spec& spec, int rows_max);
  // What the first such layer is; nothing where there is none.
  static std::optional<Mamba2Spec> spec_of(std::span<const LayerSpec> layers);

  Rows projected;  // [z, x, b, c, raw steps]
  Rows inputs;     // [x, b, c] behind the convolution
  Rows steps, outputs, gated;
};

class Mamba2 {
 public:
  // `layer`: into the storage of states.
  Mamba2(LoadContext& load, const Mamba2Spec& spec, int hidden, int layer);
  // As Attention's; states are those after the last row of every sequence.
  void forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
               const PartOutput& out, const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const { return in_.reads(compute, row_count); }

 private:
  Mamba2Spec spec_;
  SsdShape shape_;
  int layer_;
  Linear in_, out_;
  std::vector<float> scales_;                    // of the projection's columns, or empty
  std::vector<float> taps_, conv_bias_;          // [width][columns]; [columns] or empty
  std::vector<float> step_bias_, rates_, skip_;  // [heads]
  std::vector<float> norm_;                      // [heads * head_dim] or empty
};

}  // namespace estoc
