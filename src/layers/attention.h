// Grouped-query attention as a layer's mixer on the CPU. Immutable; throws Error{corrupt_file} where a tensor is
// missing or of another shape.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "layers/cpu_scratch.h"
#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"
#include "ops/elementwise.h"

namespace estoc {

class Attention {
 public:
  // `group`: of layers that share tables of blocks; `layer`: into the storage of keys and values. Both are those of the
  // layer whose keys and values it reads.
  // `rope` is the one that `spec` names; null where it names none.
  Attention(LoadContext& load, const AttentionSpec& spec, const RopeSpec* rope, int hidden, int layer, int group);
  // out (+)= attention(work.normed) of the batch that `work` is prepared for. With `wanted`, which needs values in
  // work.normed, queries and output are those of its rows, and so are afterwards work.normed, the angles and the plan
  // of its group in `work`; keys and values are always those of every row.
  void forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, const PartOutput& out,
               const SampledRows* wanted) const;
  // The form it wants work.normed in.
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  void make_kv(const Compute& compute, StateStorage& kv, CpuScratch& work, const RowAngles* angles) const;
  void turn(const Compute& compute, std::span<const HeadRows> parts, const RowAngles* angles) const;

  AttentionSpec spec_;
  int layer_, group_;
  Linear q_;
  std::optional<Linear> k_, v_;  // absent: another layer's keys and values; values that are k x
  Linear o_;
  std::optional<Linear> gate_;
  HeadNorm q_norm_, k_norm_, v_norm_;
  std::vector<float> sinks_;  // [heads] or empty
};

}  // namespace estoc
