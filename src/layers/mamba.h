// A Mamba layer (Gu & Dao 2023) as a layer's mixer on the CPU. Immutable; throws Error{corrupt_file} where a tensor is
// missing or of another shape.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"
#include "ops/rows.h"
#include "tensor/state_storage.h"

namespace estoc {

struct CpuScratch;

// What layers of one shape compute in.
struct MambaBuffers {
  MambaBuffers(const MambaSpec& spec, int rows_max);
  // What the first such layer is; nothing where there is none.
  static std::optional<MambaSpec> spec_of(std::span<const LayerSpec> layers);

  Rows projected;     // [x, z]
  Rows inputs;        // x behind the convolution
  Rows narrow_steps;  // [step_rank]
  Rows bc;            // [b, c]
  Rows steps;         // before softplus
  Rows outputs, gated;
};

class Mamba {
 public:
  // `layer`: into the storage of states.
  Mamba(LoadContext& load, const MambaSpec& spec, int hidden, int layer);
  // As Attention's; states are those after the last row of every sequence.
  void forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
               const PartOutput& out, const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const { return in_.reads(compute, row_count); }

 private:
  MambaSpec spec_;
  int layer_;
  Linear in_, narrow_steps_, bc_, steps_, out_;
  std::vector<float> taps_, conv_bias_;             // [width][columns]; [columns] or empty
  std::vector<float> rates_, skip_;                 // in blocks of columns; [columns]
  std::vector<float> step_norm_, b_norm_, c_norm_;  // or empty
};

}  // namespace estoc
