// Attention over the paged cache: write this step's keys and values, then attend.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

// The widest head that can be computed.
inline constexpr int kHeadDimMax = kernels::kHeadDimMax;

struct AttentionShape {
  int heads = 0;  // query heads; a multiple of the layer's kv heads
  float scale = 0;
  float softcap = 0;             // c: scores become c tanh(score / c); 0 for none
  int window = 0;                // positions a query may look back, itself included; 0 means all
  const float* sinks = nullptr;  // [heads] logits that only add to the softmax's sum; null for none
  int value_dim = 0;             // of values that are the first numbers of keys: of layers whose state has none
};

// How a batch's attention is divided over threads. Made once a batch; every layer of the same heads, head size and
// window uses it.
//
// What: up to 256 queries that share a sequence and a KV head (its query heads times consecutive rows) are one item, so
// that keys and values are read once for all of them. Items are handed out dearest first. Where they are too few to
// keep the threads busy, as when one long sequence decodes, an item is divided along the positions, and whoever
// finishes last merges the pieces (flash decoding). The division itself never shows in the result: see
// attention_tile.h.
// Ownership: owns its lists and the memory for pieces, which only grow: no allocation once the largest batch was seen.
// Borrows the batch. Threads: prepare by one thread at a time; the ops below use it from the team.
class AttentionPlan {
 public:
  // `group` says which of a sequence's tables of blocks these layers use. Not causal: a query sees what comes behind it
  // in the batch, too, all of it or as far as the window reaches to either side.
  void prepare(const Batch& batch, const PagedState& state, int heads, int window, int threads, int group = 0,
               bool is_causal = true);
  // The same for other rows: of the layers, heads, threads and tables that it was prepared for last.
  void prepare(const Batch& batch);

 private:
  friend void write_kv(const Compute&, const AttentionPlan&, StateStorage&, int layer, const Rows& k, const Rows* v);
  friend void attention(const Compute&, AttentionPlan&, const StateStorage&, int layer, const AttentionShape&, Rows& q,
                        Rows& out);

  // Queries [query_begin, query_begin + query_count) of a sequence and KV head: query i is row i / group, head i %
  // group.
  struct Group {
    const BatchSequence* sequence;
    int kv_head;
    int query_begin, query_count;
    int chunk_begin, chunk_end;
    int64_t cost;
  };
  struct Item {
    Group group;       // with the chunks of this piece
    int division;      // index of the division it is a piece of, or -1
    int64_t partials;  // where its partials start
  };
  struct Division {
    Group group;  // with all chunks
    int pieces;
    int64_t partials;
  };
  struct Run {  // rows that go into one block
    const BatchSequence* sequence;
    int row, count;
  };

  // What the query of a row sees: positions [first_seen, end_seen).
  int first_seen(const BatchSequence& sequence, int row) const;
  int end_seen(const BatchSequence& sequence, int row) const;
  void add_groups(const BatchSequence& sequence, int kv_heads, int queries_max);
  void divide(const Group& group, int64_t cost_max);
  void run_item(const Compute& compute, const Item& item, const StateStorage& kv, int layer,
                const AttentionShape& shape, const Rows& q, Rows& out);
  void merge(const Compute& compute, const Division& division, const AttentionShape& shape, Rows& out);

  int heads_a_kv_head_ = 1, kv_heads_ = 1, head_dim_ = 0, window_ = 0, threads_ = 1, group_ = 0;
  bool is_causal_ = true;
  std::vector<Run> runs_;
  std::vector<Group> groups_;
  std::vector<Item> items_;
  std::vector<Division> divisions_;
  std::vector<float> partials_;
  int64_t partial_floats_ = 0;
  uint64_t blocks_read_ = 0;                        // by all sequences, each once
  std::unique_ptr<std::atomic<int>[]> unfinished_;  // pieces, by division
  size_t unfinished_capacity_ = 0;
};

// Stores k and v [rows][kv_heads * head_dim] of every row of the plan's batch at its position; v is null where the
// layer's state has no values.
void write_kv(const Compute& compute, const AttentionPlan& plan, StateStorage& kv, int layer, const Rows& k,
              const Rows* v);

// out [rows][heads * head_dim] = attention of q over each row's own sequence, as the plan has it; out may be q. The
// keys and values of this step must have been written, and heads and window be those of the plan. Where values are
// narrower than keys, only the first value_dim numbers of each head are an answer.
void attention(const Compute& compute, AttentionPlan& plan, const StateStorage& kv, int layer,
               const AttentionShape& shape, Rows& q, Rows& out);

}  // namespace estoc
