// Attention of prompts on Hopper (attention_prompt.h): for each query row a softmax over the positions up to its own.
//
// A block of threads takes 128 query rows, the query heads of one KV head times consecutive tokens, 64 to a warpgroup.
// It stays and takes tile after tile; keys of the next are on the way while the last products of one run. Queries stay
// in registers. A producer warp keeps three stages of 128 positions full. While the scores of one stage become weights,
// the products of the stage before with its values run, and those of the other warpgroup: the two begin theirs in turn.
// Stages begin at multiples of 128 positions and come in order, so a row's bits depend on its sequence alone, however a
// prompt was cut.
//
// Products want bf16 in shared memory: of 8 bits, all four warps of the producer make it, codes times scale, while the
// next keys or values are on the way.
#pragma once

#include "gpu/source/attention_prompt.h"
#include "gpu/source/attention_prompt_tile.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/gemm.cu.h"
#include "gpu/source/kv_codes.cu.h"

#if defined(HAS_WGMMA)
namespace estoc::gpu {

struct AttentionBarriers {
  u64 keys_full[kAttentionPromptStages], keys_empty[kAttentionPromptStages];
  u64 values_full[kAttentionPromptStages], values_empty[kAttentionPromptStages];
  u64 turn[2];                        // of a warpgroup to begin products
  u64 codes_full[2], codes_empty[2];  // of keys, of values
};

constexpr int kAttentionStageBlocks = kAttentionPromptStage / kKvPositions;  // of positions, in a stage

// Lanes 0 to 7 bring a block of keys each, 8 to 15 one of values. Beyond the last block they bring it again: its scores
// are masked.
template <int D>
DEVICE void attention_produce(u8* stages, AttentionBarriers& barriers, const AttentionPromptArguments& a,
                              const AttentionPromptTile& tile, RingPlace& at) {
  constexpr int kTile = kv_tile_bytes(KvForm::bf16, D), kBlocks = kAttentionStageBlocks, kHalf = kBlocks * kTile;
  const AttentionSpan span = attention_span(tile, a.window);
  const int block = thread_index() % kBlocks, last_block = span.last / kKvPositions;
  const bool is_value = thread_index() >= kBlocks;
  const auto id_of = [&](int stage) {
    const int wanted = stage * kBlocks + block;
    return a.tables[tile.table + (wanted < last_block ? wanted : last_block)];
  };
  u32 next = id_of(span.first);
  for (int i = span.first; i < span.end; ++i) {
    const u32 id = next;
    next = id_of(i + 1);  // on the way while this stage waits
    if (thread_index() < 2 * kBlocks) {
      u64* full = is_value ? &barriers.values_full[at.stage] : &barriers.keys_full[at.stage];
      barrier_wait(is_value ? &barriers.values_empty[at.stage] : &barriers.keys_empty[at.stage], at.phase);
      if (block == 0) barrier_expect(full, kHalf);
    }
    sync_warp();
    if (thread_index() < 2 * kBlocks) {
      u64* full = is_value ? &barriers.values_full[at.stage] : &barriers.keys_full[at.stage];
      const u8* from =
          a.kv.pool + id * a.kv.block_stride + static_cast<long>(is_value * a.kv.kv_heads + tile.head) * kTile;
      bulk_load(stages + (at.stage * 2 + is_value) * kHalf + block * kTile, from, kTile, full);
    }
    at.advance(kAttentionPromptStages);
  }
}

// The stages that a block of threads takes, one after the other through all its tiles, and the id of this lane's block
// of positions.
class AttentionStages {
 public:
  DEVICE explicit AttentionStages(const AttentionPromptArguments& arguments) : a_(arguments) { begin_tile(); }
  DEVICE bool advance() {
    id_ = next_id_;
    if (++stage_ * kAttentionStageBlocks <= last_block_) {
      next_id_ = id_of(stage_ + 1);  // on the way while this stage is loaded and converted
      return true;
    }
    ++round_;
    if (attention_tile_at(round_) >= a_.tile_count) return false;
    begin_tile();
    return true;
  }
  // Asks for the stage's codes; lanes 0 to 7 of one warp, a block each.
  template <int D>
  DEVICE void load(u8* slot, u64* full, bool is_value) const {
    constexpr int kTile = kv_tile_bytes(KvForm::int8, D);
    const int block = thread_index() % kAttentionStageBlocks;
    if (block == 0) barrier_expect(full, kAttentionStageBlocks * kTile);
    bulk_load(slot + block * kTile,
              a_.kv.pool + id_ * a_.kv.block_stride + static_cast<long>(is_value * a_.kv.kv_heads + tile_.head) * kTile,
              kTile, full);
  }

 private:
  DEVICE void begin_tile() {
    tile_ = a_.tiles[attention_tile_at(round_)];
    const AttentionSpan span = attention_span(tile_, a_.window);
    stage_ = span.first;
    last_block_ = span.last / kKvPositions;
    id_ = id_of(stage_);
    next_id_ = id_of(stage_ + 1);
  }
  // Beyond the last block once more the last: its scores are masked.
  DEVICE u32 id_of(int stage) const {
    const int wanted = stage * kAttentionStageBlocks + thread_index() % kAttentionStageBlocks;
    return a_.tables[tile_.table + (wanted < last_block_ ? wanted : last_block_)];
  }

  const AttentionPromptArguments& a_;
  AttentionPromptTile tile_;
  int round_ = 0, stage_, last_block_;
  u32 id_, next_id_;
};

// Keys or values of one stage become bf16, by the four warps of the producer: a thread has the same place of every
// block, or of every second one.
template <int D>
DEVICE void attention_convert(u8* to, const u8* codes) {
  constexpr int kChunks = D / 16, kThreads = 16 * kChunks, kFrom = kv_tile_bytes(KvForm::int8, D),
                kTo = kv_tile_bytes(KvForm::bf16, D);
  const int thread = thread_index() % kThreads, position = thread % 8 + thread / (8 * kChunks) * 8;
  const int dimension = thread / 8 % kChunks * 16;
  const int place = kv_byte(KvForm::bf16, D, position, dimension);
  NO_UNROLL
  for (int block = thread_index() / kThreads; block < kAttentionStageBlocks; block += 128 / kThreads) {
    const u8* from = codes + block * kFrom;
    const Words4 words = *reinterpret_cast<const Words4*>(from + kv_byte(KvForm::int8, D, position, dimension));
    const SplitScale scale = split_scale(*reinterpret_cast<const float*>(from + kv_scale_byte(D, position)));
    UNROLL
    for (int half = 0; half < 2; ++half) {
      Words4 pairs;
      UNROLL
      for (int i = 0; i < 4; ++i) pairs.v[i] = scaled_pair(words.v[half * 2 + i / 2], i, scale);
      store_shared(to + block * kTo + place + half * 128, pairs);
    }
  }
}

// The producer where keys and values are codes: what is asked for next has the time that the one before takes to become
// bf16.
template <int D>
DEVICE void attention_produce_codes(u8* stages, AttentionBarriers& barriers, const AttentionPromptArguments& a) {
  constexpr int kHalf = kAttentionStageBlocks * kv_tile_bytes(KvForm::bf16, D);
  u8* slots = stages + kAttentionPromptStages * 2 * kHalf;
  AttentionStages now(a);
  RingPlace at{0, 1};
  u32 phase = 0;  // of the codes
  bool is_value = false;
  const auto load_next = [&](bool next_is_value, u32 empty_phase) INLINE {
    if (thread_index() >= kAttentionStageBlocks) return;
    barrier_wait(&barriers.codes_empty[next_is_value], empty_phase);
    now.load<D>(slots + next_is_value * attention_codes_bytes(D), &barriers.codes_full[next_is_value], next_is_value);
  };
  load_next(false, 1);
  for (bool has_next = true; has_next; is_value = !is_value) {
    if (is_value) has_next = now.advance();
    if (has_next) load_next(!is_value, is_value ? phase : phase ^ 1);
    barrier_wait(&barriers.codes_full[is_value], phase);
    barrier_wait(is_value ? &barriers.values_empty[at.stage] : &barriers.keys_empty[at.stage], at.phase);
    attention_convert<D>(stages + (at.stage * 2 + is_value) * kHalf, slots + is_value * attention_codes_bytes(D));
    fence_async();
    sync_warp();
    if (thread_index() % kWarp == 0) {
      barrier_arrive(&barriers.codes_empty[is_value]);
      barrier_arrive(is_value ? &barriers.values_full[at.stage] : &barriers.keys_full[at.stage]);
    }
    if (!is_value) continue;
    at.advance(kAttentionPromptStages);
    phase ^= 1;
  }
}

template <int D>
DEVICE void attention_scores(float (&s)[64], const u32 (&q)[D / 16][4], const u8* keys) {
  const u64 k = tile_descriptor(keys, 128, D * 16, Swizzle::none);
  wgmma_fence();
  UNROLL
  for (int i = 0; i < D / 16; ++i) wgmma_bf16<kAttentionPromptStage>(s, q[i], k + i * 16, i > 0);
  wgmma_commit();
}

template <int D>
DEVICE void attention_values(float (&o)[D / 2], const u32 (&p)[8][4], const u8* values) {
  wgmma_fence();
  UNROLL
  for (int i = 0; i < 8; ++i) {  // a block of positions each
    wgmma_bf16<D, true>(o, p[i],
                        tile_descriptor(values + i * kv_tile_bytes(KvForm::bf16, D), D * 16, 128, Swizzle::none), true);
  }
  wgmma_commit();
}

template <int D>
DEVICE void attention_consume(u8* stages, AttentionBarriers& barriers, const AttentionPromptArguments& a) {
  constexpr int kHalf = kAttentionPromptStage * D * 2;
  const int group = thread_index() / 128 - 1, lane = thread_index() % kWarp;
  const int row = group * 64 + thread_index() % 128 / kWarp * 16 + lane / 4;
  AttentionPromptTile tile = a.tiles[attention_tile_at(0)];
  u32 query[D / 16][4];
  attention_load_query<D>(query, a, tile, row);
  float o[D / 2], s[64];
  u32 p[8][4];
  RingPlace now;
  u32 turn_phase = group == 0 ? 1 : 0;  // the first turn is the first warpgroup's
  for (int round = 1;; ++round) {
    const AttentionSpan span = attention_span(tile, a.window);
    const int position[2] = {tile.position + row / a.group, tile.position + (row + 8) / a.group};
    AttentionRows rows{{kMinusInfinity, kMinusInfinity}, {0, 0}, {0, 0}};
    UNROLL
    for (int i = 0; i < D / 2; ++i) o[i] = 0;
    barrier_wait(&barriers.keys_full[now.stage], now.phase);
    attention_scores<D>(s, query, stages + now.stage * 2 * kHalf);
    wgmma_wait<0>();
    wgmma_hold(s);
    if (lane == 0) barrier_arrive(&barriers.keys_empty[now.stage]);
    attention_weights(s, rows, a, tile, span, position, span.first * kAttentionPromptStage);
    attention_pack(p, s);
    for (int i = span.first + 1; i < span.end; ++i) {
      const RingPlace before = now;
      now.advance(kAttentionPromptStages);
      barrier_wait(&barriers.keys_full[now.stage], now.phase);
      barrier_wait(&barriers.turn[group], turn_phase);
      turn_phase ^= 1;
      attention_scores<D>(s, query, stages + now.stage * 2 * kHalf);
      barrier_wait(&barriers.values_full[before.stage], before.phase);
      attention_values<D>(o, p, stages + (before.stage * 2 + 1) * kHalf);
      if (lane == 0) barrier_arrive(&barriers.turn[1 - group]);
      wgmma_wait<1>();  // the scores; the values run on
      wgmma_hold(s);
      if (lane == 0) barrier_arrive(&barriers.keys_empty[now.stage]);
      attention_weights(s, rows, a, tile, span, position, i * kAttentionPromptStage);
      wgmma_before_wait(stages, rows.sum[0] + rows.sum[1], -1);  // weights are made while the values run
      wgmma_wait<0>();
      wgmma_hold(o);
      if (lane == 0) barrier_arrive(&barriers.values_empty[before.stage]);
      UNROLL
      for (int j = 0; j < D / 2; ++j) o[j] *= rows.rescale[j % 4 / 2];
      attention_pack(p, s);
    }
    const AttentionPromptTile done = tile;
    const int next = attention_tile_at(round);
    barrier_wait(&barriers.values_full[now.stage], now.phase);
    attention_values<D>(o, p, stages + (now.stage * 2 + 1) * kHalf);
    if (next < a.tile_count) {  // on the way while the last values run
      tile = a.tiles[next];
      attention_load_query<D>(query, a, tile, row);
    }
    wgmma_wait<0>();
    wgmma_hold(o);
    if (lane == 0) barrier_arrive(&barriers.values_empty[now.stage]);
    now.advance(kAttentionPromptStages);
    attention_store<D>(o, rows, a, done, row);
    if (next >= a.tile_count) return;
  }
}

template <int D>
DEVICE void attention_prompt(const AttentionPromptArguments& a) {
  DYNAMIC_SHARED(memory);
  SHARED(barriers, AttentionBarriers);
  if (thread_index() == 0) {
    const u32 producers = a.kv.form == KvForm::int8 ? 4 : 1;  // warps that convert, or the one that asks
    for (int s = 0; s < kAttentionPromptStages; ++s) {
      barrier_init(&barriers.keys_full[s], producers);
      barrier_init(&barriers.values_full[s], producers);
      barrier_init(&barriers.keys_empty[s], 8);  // a warp of the warpgroups each
      barrier_init(&barriers.values_empty[s], 8);
    }
    for (int g = 0; g < 2; ++g) {
      barrier_init(&barriers.turn[g], 4);
      barrier_init(&barriers.codes_full[g], 1);
      barrier_init(&barriers.codes_empty[g], 4);
    }
    barrier_fence();
  }
  sync_block();
  grid_release();
  grid_wait();
  if (thread_index() < 128) {
    registers_give<40>();
    if (a.kv.form == KvForm::int8) {
      attention_produce_codes<D>(memory, barriers, a);
    } else if (thread_index() < kWarp) {
      RingPlace at{0, 1};
      for (int round = 0, i = attention_tile_at(0); i < a.tile_count; i = attention_tile_at(++round)) {
        attention_produce<D>(memory, barriers, a, a.tiles[i], at);
      }
    }
  } else {
    registers_take<232>();
    attention_consume<D>(memory, barriers, a);
  }
}

KERNEL(kAttentionPromptThreads, 1, attention_prompt_64, (AttentionPromptArguments a)) { attention_prompt<64>(a); }
KERNEL(kAttentionPromptThreads, 1, attention_prompt_128, (AttentionPromptArguments a)) { attention_prompt<128>(a); }

}  // namespace estoc::gpu
#endif
