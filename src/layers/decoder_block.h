// One pre-norm decoder layer: x += attention(norm(x)); x += mlp(norm(x)).
//
// The parts (Attention, Mlp) can be used alone by families whose layers differ. Immutable after construction.
#pragma once

#include <string>
#include <vector>

#include "layers/linear.h"
#include "layers/sampled_rows.h"
#include "ops/attention.h"

namespace estoc {

// Shapes and numbers of a plain decoder's layer; all but window and group are those of every layer.
struct DecoderShape {
  int hidden = 0;
  int ffn = 0;
  int heads = 0, kv_heads = 0, head_dim = 0;
  float norm_eps = 0;
  float attention_scale = 0;
  int window = 0;               // sliding window in tokens, 0 for none
  int group = 0;                // of layers that share tables of blocks (kv_group_of)
  bool has_head_norms = false;  // an RMS norm over each head of q and k, before the rotary embedding
};

// Activation buffers that all layers of a model use in turn.
struct Workspace {
  Workspace(const DecoderShape& shape, int groups, int rows_max, int threads, int64_t columns_max);

  Rows hidden;  // the residual stream
  Rows normed;  // input of a sublayer
  Rows q, k, v;
  Rows gate, up, activated;     // activated = silu(gate) * up
  std::vector<float> cos, sin;  // [rows][head_dim / 2]
  DecodeScratch decoded;
  std::vector<AttentionPlan> plans;  // of the batch, by group; prepared before the first layer
};

class Attention {
 public:
  Attention(LoadContext& load, const std::string& name, const DecoderShape& shape, int layer);
  // work.hidden += attention(work.normed). With `only`, which needs values in work.normed, queries and output are those
  // of its rows, and so are afterwards the hidden rows, the angles and the plan of its group in `work`; keys and values
  // are always those of every row.
  void forward(const Compute& compute, KvStorage& kv, Workspace& work, const SampledRows* only = nullptr) const;
  // The form it wants work.normed in.
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  DecoderShape shape_;
  int layer_;
  Linear q_, k_, v_, o_;
  std::vector<float> q_norm_, k_norm_;  // [head_dim]; empty without head norms
};

class Mlp {
 public:
  Mlp(LoadContext& load, const std::string& name, const DecoderShape& shape);
  // work.hidden += mlp(work.normed).
  void forward(const Compute& compute, Workspace& work) const;
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  Linear gate_, up_, down_;
};

class DecoderBlock {
 public:
  DecoderBlock(LoadContext& load, const std::string& name, const DecoderShape& shape, int layer);
  // work.hidden in and out. The last layer is given the sampled rows, unless all are: only they come out, and
  // of the other rows nothing but keys and values is computed.
  void forward(const Compute& compute, KvStorage& kv, Workspace& work, const SampledRows* only = nullptr) const;

 private:
  float norm_eps_;
  std::vector<float> input_norm_, post_attention_norm_;
  Attention attention_;
  Mlp mlp_;
};

}  // namespace estoc
