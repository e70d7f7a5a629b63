// Attention over the paged cache: write this step's keys and values, then attend.
#pragma once

#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/kv_storage.h"

namespace estoc {

// Stores k and v [rows][kv_heads * head_dim] of every row of the batch at its position.
void write_kv(const Compute& compute, const Batch& batch, KvStorage& kv, int layer, const Rows& k, const Rows& v);

struct AttentionShape {
  int heads = 0;  // query heads; a multiple of the layer's kv heads
  float scale = 0;
  int window = 0;  // positions a query may look back, itself included; 0 means all
};

// out [rows][heads * head_dim] = causal attention of q over each row's own sequence; out may be q. The keys and values
// of this step must have been written. Work is handed out by (sequence, kv head, run of rows), longest first.
void attention(const Compute& compute, const Batch& batch, const KvStorage& kv, int layer, const AttentionShape& shape,
               Rows& q, Rows& out);

}  // namespace estoc
