// One pre-norm decoder layer on the CPU: x += mixer(norm(x)); x += mlp(norm(x)), and its parts.
//
// Immutable after construction; made from a description (layers/layer_spec.h). Throws Error{corrupt_file} when a tensor
// is missing or of another shape.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "layers/cpu_scratch.h"
#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/sampled_rows.h"

namespace estoc {

class RmsNorm {
 public:
  RmsNorm(LoadContext& load, const RmsNormSpec& spec, int64_t columns);
  // out = norm(x), in the form its readers want; out may be x when they want values.
  void forward(const Compute& compute, const Rows& x, Rows& out, RowForm form = RowForm::values) const;
  std::span<const float> weight() const { return weight_; }

 private:
  float epsilon_;
  std::vector<float> weight_;
};

class Attention {
 public:
  // `group`: of layers that share tables of blocks; `layer`: into the storage of keys and values.
  Attention(LoadContext& load, const AttentionSpec& spec, int hidden, int layer, int group);
  // hidden += attention(work.normed) of the batch that `work` is prepared for. With `wanted`, which needs values in
  // work.normed, queries and output are those of its rows, and so are afterwards the hidden rows, the angles and the
  // plan of its group in `work`; keys and values are always those of every row.
  void forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
               const SampledRows* wanted) const;
  // The form it wants work.normed in.
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  AttentionSpec spec_;
  int layer_, group_;
  Linear q_, k_, v_, o_;
  std::vector<float> q_norm_, k_norm_;  // [head_dim]; empty without head norms
};

class ShortConv {
 public:
  ShortConv(LoadContext& load, const ShortConvSpec& spec, int hidden, int layer);
  // As Attention's; states are those after the last row of every sequence.
  void forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work, Rows& hidden,
               const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const { return in_.reads(compute, row_count); }

 private:
  int layer_, width_;
  Linear in_, out_;
  std::vector<float> taps_;  // [width][hidden]
  std::vector<float> bias_;  // [hidden] or empty
};

class GatedMlp {
 public:
  GatedMlp(LoadContext& load, const GatedMlpSpec& spec, int hidden);
  // hidden += mlp(work.normed).
  void forward(const Compute& compute, CpuScratch& work, Rows& hidden) const;
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  Linear gate_, up_, down_;
};

class DecoderBlock {
 public:
  DecoderBlock(LoadContext& load, const LayerSpec& spec, int hidden, int layer, int group);
  void forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
               const SampledRows* wanted) const;

 private:
  RmsNorm input_norm_;
  std::variant<Attention, ShortConv> mixer_;
  RmsNorm mlp_norm_;
  GatedMlp mlp_;
};

}  // namespace estoc
