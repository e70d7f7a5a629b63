#include "ops/attention.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace estoc {
namespace {

constexpr int kItemRows = 16;  // rows of one work item: enough to share block pointers, few enough to balance

void write_row(const Compute& compute, KvStorage& kv, int layer, BlockId block, int slot, const float* k,
               const float* v) {
  const KvLayerSpec& spec = kv.spec(layer);
  for (int head = 0; head < spec.kv_heads; ++head) {
    const float* key = k + head * spec.head_dim;
    const float* value = v + head * spec.head_dim;
    std::byte* keys = kv.keys(layer, block, head);
    std::byte* values = kv.values(layer, block, head);
    if (kv.type() == KvType::f32) {
      for (int d = 0; d < spec.head_dim; ++d) reinterpret_cast<float*>(keys)[d * kKvBlockTokens + slot] = key[d];
      std::memcpy(reinterpret_cast<float*>(values) + slot * spec.head_dim, value,
                  static_cast<size_t>(spec.head_dim) * 4);
    } else {
      uint16_t halves[kernels::kHeadDimMax];
      compute.kernels.to_f16(key, spec.head_dim, halves);
      for (int d = 0; d < spec.head_dim; ++d) reinterpret_cast<uint16_t*>(keys)[d * kKvBlockTokens + slot] = halves[d];
      compute.kernels.to_f16(value, spec.head_dim, reinterpret_cast<uint16_t*>(values) + slot * spec.head_dim);
    }
  }
}

struct AttentionItem {
  const BatchSequence* sequence;
  int kv_head;
  int row_begin, row_end;  // within the sequence
};

std::vector<AttentionItem> make_items(const Batch& batch, int kv_heads) {
  std::vector<AttentionItem> items;
  for (const BatchSequence& sequence : batch.sequences) {
    for (int row = 0; row < sequence.row_count; row += kItemRows) {
      for (int head = 0; head < kv_heads; ++head) {
        items.push_back({&sequence, head, row, std::min(sequence.row_count, row + kItemRows)});
      }
    }
  }
  std::stable_sort(items.begin(), items.end(), [](const AttentionItem& a, const AttentionItem& b) {
    return a.sequence->position + a.row_end > b.sequence->position + b.row_end;
  });
  return items;
}

void run_item(const Compute& compute, const AttentionItem& item, const KvStorage& kv, int layer,
              const AttentionShape& shape, const Rows& q, Rows& out) {
  const KvLayerSpec& spec = kv.spec(layer);
  const int group = shape.heads / spec.kv_heads;
  const BatchSequence& sequence = *item.sequence;
  const int last_position = sequence.position + item.row_end;
  const size_t blocks = static_cast<size_t>((last_position + kKvBlockTokens - 1) / kKvBlockTokens);
  thread_local std::vector<const void*> keys, values;
  keys.resize(blocks);
  values.resize(blocks);
  for (size_t b = 0; b < blocks; ++b) {
    keys[b] = kv.keys(layer, sequence.blocks[b], item.kv_head);
    values[b] = kv.values(layer, sequence.blocks[b], item.kv_head);
  }
  kernels::AttentionTile tile{.keys = keys.data(),
                              .values = values.data(),
                              .is_f16 = kv.type() == KvType::f16,
                              .head_dim = spec.head_dim,
                              .scale = shape.scale};
  const auto flush = [&] {
    if (tile.query_count > 0) compute.kernels.attention(tile);
    tile.query_count = 0;
  };
  for (int row = item.row_begin; row < item.row_end; ++row) {
    const int visible = sequence.position + row + 1;
    // Rows go into the tile whole where a group fits, so that neighbours share the same blocks.
    if (tile.query_count + std::min(group, kernels::kQueriesMax) > kernels::kQueriesMax) flush();
    for (int g = 0; g < group; ++g) {
      if (tile.query_count == kernels::kQueriesMax) flush();
      const int i = tile.query_count++;
      const int64_t at = int64_t{item.kv_head * group + g} * spec.head_dim;
      tile.queries[i] = q.row(sequence.first_row + row) + at;
      tile.outputs[i] = out.row(sequence.first_row + row) + at;
      tile.visible[i] = visible;
      tile.first[i] = shape.window > 0 ? std::max(0, visible - shape.window) : 0;
    }
  }
  flush();
}

}  // namespace

void write_kv(const Compute& compute, const Batch& batch, KvStorage& kv, int layer, const Rows& k, const Rows& v) {
  for (const BatchSequence& sequence : batch.sequences) {
    const auto write = [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r) {
        const int position = sequence.position + static_cast<int>(r);
        const BlockId block = sequence.blocks[static_cast<size_t>(position / kKvBlockTokens)];
        write_row(compute, kv, layer, block, position % kKvBlockTokens, k.row(sequence.first_row + r),
                  v.row(sequence.first_row + r));
      }
    };
    if (sequence.row_count < 8) {
      write(0, sequence.row_count, 0);
    } else {
      compute.team.parallel_for(sequence.row_count, 1, write);
    }
  }
}

void attention(const Compute& compute, const Batch& batch, const KvStorage& kv, int layer, const AttentionShape& shape,
               Rows& q, Rows& out) {
  const KvLayerSpec& spec = kv.spec(layer);
  ESTOC_DCHECK(spec.head_dim <= kernels::kHeadDimMax && shape.heads % spec.kv_heads == 0);
  const std::vector<AttentionItem> items = make_items(batch, spec.kv_heads);
  compute.team.parallel_items(static_cast<int64_t>(items.size()), [&](int64_t item, int) {
    run_item(compute, items[static_cast<size_t>(item)], kv, layer, shape, q, out);
  });
}

}  // namespace estoc
