#include "ops/attention.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {

static_assert(kKvReadGrain % kernels::kAttentionChunk == 0, "whole chunks are read");

void AttentionPlan::prepare(const Batch& batch, const PagedState& spec, int heads, int window, int threads, int group,
                            bool is_causal) {
  ESTOC_CHECK(spec.head_dim <= kernels::kHeadDimMax && heads % spec.kv_heads == 0);
  heads_a_kv_head_ = heads / spec.kv_heads;
  kv_heads_ = spec.kv_heads;
  head_dim_ = spec.head_dim;
  window_ = window;
  threads_ = threads;
  group_ = group;
  is_causal_ = is_causal;
  prepare(batch);
}

void AttentionPlan::prepare(const Batch& batch) {
  constexpr int kQueriesMin = 64;
  constexpr int kItemsAThread = 4;  // enough that the last ones to finish are not far apart
  runs_.clear();
  groups_.clear();
  items_.clear();
  divisions_.clear();
  partial_floats_ = 0;
  blocks_read_ = 0;
  for (const BatchSequence& sequence : batch.sequences) {
    const int end = sequence.position + sequence.row_count, first = first_seen(sequence, 0);
    blocks_read_ += static_cast<uint64_t>((end + kKvBlockTokens - 1) / kKvBlockTokens - first / kKvBlockTokens);
    for (int row = 0; row < sequence.row_count;) {
      const int room = kKvBlockTokens - (sequence.position + row) % kKvBlockTokens;
      const int count = std::min(room, sequence.row_count - row);
      runs_.push_back({&sequence, row, count});
      row += count;
    }
  }
  // Large groups read keys and values seldom; but every thread should have something to do.
  int queries_max = kernels::kQueriesMax;
  const auto item_count = [&] {
    int64_t count = 0;
    for (const BatchSequence& sequence : batch.sequences) {
      count += (int64_t{sequence.row_count} * heads_a_kv_head_ + queries_max - 1) / queries_max * kv_heads_;
    }
    return count;
  };
  while (queries_max > kQueriesMin && item_count() < int64_t{threads_} * kItemsAThread) queries_max /= 2;
  for (const BatchSequence& sequence : batch.sequences) add_groups(sequence, kv_heads_, queries_max);
  int64_t cost = 0;
  for (const Group& group : groups_) cost += group.cost;
  const int64_t share = cost / (int64_t{threads_} * kItemsAThread);
  for (const Group& group : groups_) divide(group, threads_ > 1 ? std::max(share, int64_t{1}) : group.cost);
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.group.cost > b.group.cost; });
  if (partials_.size() < static_cast<size_t>(partial_floats_)) partials_.resize(static_cast<size_t>(partial_floats_));
  if (unfinished_capacity_ < divisions_.size()) {
    unfinished_capacity_ = 2 * divisions_.size();
    unfinished_ = std::make_unique<std::atomic<int>[]>(unfinished_capacity_);
  }
  for (size_t i = 0; i < divisions_.size(); ++i) unfinished_[i].store(divisions_[i].pieces, std::memory_order_relaxed);
}

int AttentionPlan::first_seen(const BatchSequence& sequence, int row) const {
  return window_ == 0 ? 0 : std::max(0, sequence.position + row + 1 - window_);
}

int AttentionPlan::end_seen(const BatchSequence& sequence, int row) const {
  const int end = sequence.position + sequence.row_count;
  if (is_causal_) return sequence.position + row + 1;
  return window_ == 0 ? end : std::min(end, sequence.position + row + window_);
}

void AttentionPlan::add_groups(const BatchSequence& sequence, int kv_heads, int queries_max) {
  constexpr int kQueryCost = 8;  // reading a position's key and value costs about as much as this many queries
  const int queries = sequence.row_count * heads_a_kv_head_;
  for (int begin = 0; begin < queries; begin += queries_max) {
    const int count = std::min(queries_max, queries - begin);
    const int visible = end_seen(sequence, (begin + count - 1) / heads_a_kv_head_);
    const int first = first_seen(sequence, begin / heads_a_kv_head_);
    const int chunk_begin = first / kernels::kAttentionChunk;
    const int chunk_end = (visible + kernels::kAttentionChunk - 1) / kernels::kAttentionChunk;
    const int64_t cost = int64_t{visible - first} * (count + kQueryCost);
    for (int head = 0; head < kv_heads; ++head) {
      groups_.push_back({&sequence, head, begin, count, chunk_begin, chunk_end, cost});
    }
  }
}

void AttentionPlan::divide(const Group& group, int64_t cost_max) {
  const int chunks = group.chunk_end - group.chunk_begin;
  const int pieces = static_cast<int>(std::min<int64_t>(chunks, (group.cost + cost_max - 1) / cost_max));
  if (pieces <= 1) {
    items_.push_back({group, -1, 0});
    return;
  }
  const int64_t chunk_floats = int64_t{group.query_count} * kernels::partial_floats(head_dim_);
  for (int piece = 0; piece < pieces; ++piece) {
    Item item{group, static_cast<int>(divisions_.size()), 0};
    item.group.chunk_begin = group.chunk_begin + chunks * piece / pieces;
    item.group.chunk_end = group.chunk_begin + chunks * (piece + 1) / pieces;
    item.group.cost = group.cost * (item.group.chunk_end - item.group.chunk_begin) / chunks;
    item.partials = partial_floats_ + (item.group.chunk_begin - group.chunk_begin) * chunk_floats;
    items_.push_back(item);
  }
  divisions_.push_back({group, pieces, partial_floats_});
  partial_floats_ += chunks * chunk_floats;
}

void AttentionPlan::run_item(const Compute& compute, const Item& item, const StateStorage& kv, int layer,
                             const AttentionShape& shape, const Rows& q, Rows& out) {
  const Group& group = item.group;
  const BatchSequence& sequence = *group.sequence;
  kernels::AttentionTile tile;
  tile.query_count = group.query_count;
  tile.has_sinks = shape.sinks != nullptr;
  for (int i = 0; i < group.query_count; ++i) {
    const int row = (group.query_begin + i) / heads_a_kv_head_;
    const int head = group.kv_head * heads_a_kv_head_ + (group.query_begin + i) % heads_a_kv_head_;
    tile.queries[i] = q.row(sequence.first_row + row) + int64_t{head} * head_dim_;
    tile.outputs[i] = out.row(sequence.first_row + row) + int64_t{head} * head_dim_;
    tile.visible[i] = end_seen(sequence, row);
    tile.first[i] = first_seen(sequence, row);
    tile.sinks[i] = tile.has_sinks ? shape.sinks[head] : 0.0f;
  }
  tile.is_invariant = compute.is_deterministic;
  tile.type = kv.type();
  tile.head_dim = head_dim_;
  tile.scale = shape.scale;
  tile.softcap = shape.softcap;
  tile.keys = kv.keys(layer, 0, group.kv_head);
  tile.values = kv.paged(layer).has_values ? kv.values(layer, 0, group.kv_head) : nullptr;
  tile.value_dim = shape.value_dim;
  tile.block_bytes = static_cast<int64_t>(kv.block_bytes(layer));
  tile.blocks = sequence.table(group_).data();
  tile.chunk_begin = group.chunk_begin;
  tile.chunk_end = group.chunk_end;
  if (item.division >= 0) tile.partials = partials_.data() + item.partials;
  compute.kernels.attention(tile);
  if (item.division < 0) return;
  std::atomic<int>& unfinished = unfinished_[static_cast<size_t>(item.division)];
  if (unfinished.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  const Division& division = divisions_[static_cast<size_t>(item.division)];
  unfinished.store(division.pieces, std::memory_order_relaxed);  // for the next layer
  merge(compute, division, shape, out);
}

void AttentionPlan::merge(const Compute& compute, const Division& division, const AttentionShape& shape, Rows& out) {
  const Group& group = division.group;
  const int64_t stride = kernels::partial_floats(head_dim_);
  for (int i = 0; i < group.query_count; ++i) {
    const int row = (group.query_begin + i) / heads_a_kv_head_;
    const int head = group.kv_head * heads_a_kv_head_ + (group.query_begin + i) % heads_a_kv_head_;
    compute.kernels.attention_merge({.partials = partials_.data() + division.partials + i * stride,
                                     .chunk_stride = group.query_count * stride,
                                     .chunk_count = group.chunk_end - group.chunk_begin,
                                     .head_dim = shape.value_dim > 0 ? shape.value_dim : head_dim_,
                                     .has_sink = shape.sinks != nullptr,
                                     .sink = shape.sinks != nullptr ? shape.sinks[head] : 0.0f,
                                     .output = out.row(group.sequence->first_row + row) + int64_t{head} * head_dim_});
  }
}

void write_kv(const Compute& compute, const AttentionPlan& plan, StateStorage& kv, int layer, const Rows& k,
              const Rows* v) {
  const ProfileScope scope(compute, "write_kv");
  const PagedState& spec = kv.paged(layer);
  ESTOC_DCHECK((v != nullptr) == spec.has_values);
  const auto write = [&](int64_t begin, int64_t end, int) {
    for (int64_t index = begin; index < end; ++index) {
      const AttentionPlan::Run& run = plan.runs_[static_cast<size_t>(index)];
      const int position = run.sequence->position + run.row;
      const BlockId block = run.sequence->table(plan.group_)[static_cast<size_t>(position / kKvBlockTokens)];
      const int64_t row = run.sequence->first_row + run.row;
      for (int head = 0; head < spec.kv_heads; ++head) {
        const int64_t at = int64_t{head} * spec.head_dim;
        compute.kernels.write_kv({.type = kv.type(),
                                  .head_dim = spec.head_dim,
                                  .slot = position % kKvBlockTokens,
                                  .count = run.count,
                                  .k = k.row(row) + at,
                                  .v = v == nullptr ? nullptr : v->row(row) + at,
                                  .row_stride = k.stride(),
                                  .keys = kv.keys(layer, block, head),
                                  .values = v == nullptr ? nullptr : kv.values(layer, block, head)});
      }
    }
  };
  const auto run_count = static_cast<int64_t>(plan.runs_.size());
  if (k.count() < 8) {  // not worth waking anyone
    write(0, run_count, 0);
  } else {
    compute.team.parallel_for(run_count, 1, write);
  }
}

void attention(const Compute& compute, AttentionPlan& plan, const StateStorage& kv, int layer,
               const AttentionShape& shape, Rows& q, Rows& out) {
  ESTOC_DCHECK(kv.paged(layer).head_dim == plan.head_dim_ && shape.window == plan.window_);
  ESTOC_DCHECK(shape.heads == plan.heads_a_kv_head_ * kv.paged(layer).kv_heads);
  ESTOC_DCHECK((shape.value_dim > 0) != kv.paged(layer).has_values && shape.value_dim <= plan.head_dim_);
  const ProfileScope scope(compute, "attention", plan.blocks_read_ * kv.layout().layer_bytes(layer, kv.type()));
  compute.team.parallel_items(static_cast<int64_t>(plan.items_.size()), [&](int64_t item, int) {
    plan.run_item(compute, plan.items_[static_cast<size_t>(item)], kv, layer, shape, q, out);
  });
}

}  // namespace estoc
