// Attention of prompts where there are no warpgroup products (attention_prompt.h), by mma.sync.
//
// Kept simple. Eight warps, 16 query rows each, take one or two blocks of positions at a time; keys and values go from
// memory to registers in the order of fragments, which for values the transposition of 8 x 8 makes of rows.
#pragma once

#include "gpu/source/attention_prompt.h"
#include "gpu/source/attention_prompt_tile.cu.h"
#include "gpu/source/device.h"

#if defined(IS_EMULATED) || !defined(HAS_WGMMA)
namespace estoc::gpu {

// Blocks of positions at a time, as many as registers suffice for.
constexpr int attention_mma_blocks(int head_dim) { return head_dim > 64 ? 1 : 2; }

// Where this lane's words of a block's tile begin: core c of half h of the positions is (h * D / 8 + c) * 128 bytes on.
template <int D>
DEVICE const u8* attention_words(const AttentionPromptArguments& a, const AttentionPromptTile& tile, int block,
                                 bool is_value) {
  const u32 id = a.tables[tile.table + block];
  return a.kv.pool + id * a.kv.block_stride +
         static_cast<long>((is_value ? a.kv.kv_heads : 0) + tile.head) * kv_tile_bytes(KvForm::bf16, D) +
         thread_index() % kWarp * 4;
}
DEVICE u32 attention_word(const u8* words, int core) { return *reinterpret_cast<const u32*>(words + core * 128); }

template <int D>
DEVICE void attention_mma_scores(float (&s)[attention_mma_blocks(D) * 8], const u32 (&q)[D / 16][4],
                                 const u8* const (&keys)[attention_mma_blocks(D)]) {
  UNROLL
  for (int n = 0; n < attention_mma_blocks(D) * 2; ++n) {
    sync_warp();  // no more loads ahead than there are registers
    float sum[4] = {0, 0, 0, 0};
    UNROLL
    for (int i = 0; i < D / 16; ++i) {
      const int core = n % 2 * (D / 8) + 2 * i;
      mma_bf16(sum, q[i], attention_word(keys[n / 2], core), attention_word(keys[n / 2], core + 1));
    }
    UNROLL
    for (int e = 0; e < 4; ++e) s[4 * n + e] = sum[e];
  }
}

template <int D>
DEVICE void attention_mma_values(float (&o)[D / 2], const u32 (&p)[attention_mma_blocks(D)][4],
                                 const u8* const (&values)[attention_mma_blocks(D)]) {
  UNROLL
  for (int j = 0; j < D / 8; ++j) {
    float(&mine)[4] = *reinterpret_cast<float(*)[4]>(&o[4 * j]);
    UNROLL
    for (int block = 0; block < attention_mma_blocks(D); ++block) {
      mma_bf16(mine, p[block], transpose_8x8(attention_word(values[block], j)),
               transpose_8x8(attention_word(values[block], D / 8 + j)));
    }
  }
}

template <int D>
DEVICE void attention_mma_tile(const AttentionPromptArguments& a, const AttentionPromptTile& tile) {
  constexpr int kBlocks = attention_mma_blocks(D);
  const int row = (thread_index() / 128 - 1) * 64 + thread_index() % 128 / kWarp * 16 + thread_index() % kWarp / 4;
  const int position[2] = {tile.position + row / a.group, tile.position + (row + 8) / a.group};
  const AttentionSpan span = attention_span(tile, a.window);
  u32 query[D / 16][4];
  attention_load_query<D>(query, a, tile, row);
  float o[D / 2];
  UNROLL
  for (int i = 0; i < D / 2; ++i) o[i] = 0;
  AttentionRows rows{{kMinusInfinity, kMinusInfinity}, {0, 0}, {0, 0}};
  const int last_block = span.last / kKvPositions;
  for (int first = span.first * kAttentionPromptStage; first <= span.last; first += kBlocks * kKvPositions) {
    const u8 *keys[kBlocks], *values[kBlocks];
    UNROLL
    for (int i = 0; i < kBlocks; ++i) {  // beyond the last block once more the last: masked
      const int block = first / kKvPositions + i < last_block ? first / kKvPositions + i : last_block;
      keys[i] = attention_words<D>(a, tile, block, false);
      values[i] = attention_words<D>(a, tile, block, true);
    }
    float s[kBlocks * 8];
    attention_mma_scores<D>(s, query, keys);
    attention_weights(s, rows, a, tile, span, position, first);
    UNROLL
    for (int j = 0; j < D / 2; ++j) o[j] *= rows.rescale[j % 4 / 2];
    u32 p[kBlocks][4];
    attention_pack(p, s);
    sync_warp();
    attention_mma_values<D>(o, p, values);
  }
  attention_store<D>(o, rows, a, tile, row);
}

// The first 128 threads, which bring the stages where there are any, have nothing to do.
template <int D>
DEVICE void attention_prompt_mma(const AttentionPromptArguments& a) {
  if (thread_index() < 128) return;
  grid_release();
  grid_wait();
  for (int round = 0, i = attention_tile_at(0); i < a.tile_count; i = attention_tile_at(++round)) {
    attention_mma_tile<D>(a, a.tiles[i]);
  }
}

#if defined(HAS_WGMMA)
KERNEL(kAttentionPromptThreads, 1, attention_prompt_mma_64, (AttentionPromptArguments a)) {
  attention_prompt_mma<64>(a);
}
KERNEL(kAttentionPromptThreads, 1, attention_prompt_mma_128, (AttentionPromptArguments a)) {
  attention_prompt_mma<128>(a);
}
#else
KERNEL(kAttentionPromptThreads, 1, attention_prompt_64, (AttentionPromptArguments a)) { attention_prompt_mma<64>(a); }
KERNEL(kAttentionPromptThreads, 1, attention_prompt_128, (AttentionPromptArguments a)) { attention_prompt_mma<128>(a); }
#endif

}  // namespace estoc::gpu
#endif
