// Multi-head latent attention as a layer's mixer on the CPU, in its absorbed form: keys and values are never made.
// Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
//
// What a head's keys and values are of a latent (matrices K and V) is linear, so a query meets latents as K^T q, and V
// is applied to the weighted sum of latents: attention is that of `heads` queries on one head of latent_dim + rope_dim
// numbers, whose values are its first latent_dim. A token costs heads * (2 latent_dim + rope_dim) products for each
// position it sees. Prompts go the same way: with DeepSeek's sizes that is 3.4 times the products of expanded keys and
// values, which would have to be made again for every chunk of a prompt that follows, or kept.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"
#include "ops/experts.h"
#include "ops/latent_rows.h"
#include "tensor/state_storage.h"

namespace estoc {

struct CpuScratch;

// What layers of such kinds compute in.
struct LatentBuffers {
  // For the widest of `specs`, of which there is at least one.
  LatentBuffers(std::span<const LatentAttentionSpec* const> specs, int rows_max);
  // The widest matrix of one has so many columns, beside those that read the hidden state.
  static int64_t columns_max(std::span<const LatentAttentionSpec* const> specs);

  Rows compressed, q;     // what queries are made of, where that is not the hidden state; queries as they are projected
  Rows latents;           // what is kept of a row
  Rows absorbed;          // queries for latents, and what attention answers
  Rows gathered, answer;  // heads one after the other for products of their own; values
};

class LatentAttention {
 public:
  // As Attention's.
  LatentAttention(LoadContext& load, const LatentAttentionSpec& spec, const RopeSpec& rope, int hidden, int layer,
                  int group);
  void forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, const PartOutput& out,
               const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  const Linear& first_of_queries() const { return q_a_ ? *q_a_ : q_; }

  LatentAttentionSpec spec_;
  int layer_, group_;
  bool is_interleaved_;
  std::optional<Linear> q_a_;
  std::optional<Norm> q_norm_;
  Linear q_, kv_, o_;
  std::vector<float> kv_norm_;
  ExpertMatrix keys_, values_;  // of each head: K^T [latent_dim, key_dim] and V [value_dim, latent_dim]
};

}  // namespace estoc
