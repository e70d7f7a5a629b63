// Routing (route.h): a warp has a row. Equal scores go by the lower index, as on CPUs.
#pragma once

#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/route.h"

namespace estoc::gpu {

// By the block: a row of scores for each warp while it chooses, then how many of each warp's rows chose each expert.
using RouteMemory = u32[kRouteWarps][kRouteExpertsMax];

constexpr float kNeverChosen = -__builtin_inff();

DEVICE float warp_max(float x) {
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) {
    const float other = shuffle_xor(x, mask);
    x = other > x ? other : x;
  }
  return x;
}
DEVICE float warp_sum(float x) {
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) x += shuffle_xor(x, mask);
  return x;
}

// The largest of the lanes' scores, the lowest index of equal ones; every lane gets it.
struct RouteBest {
  float score = kNeverChosen;
  u32 index = ~0u;
};
DEVICE RouteBest warp_best(RouteBest best) {
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) {
    const float score = shuffle_xor(best.score, mask);
    const u32 index = shuffle_xor(best.index, mask);
    if (score > best.score || (score == best.score && index < best.index)) best = {score, index};
  }
  return best;
}

// How logits become scores.
struct RouteScale {
  RouteScore score;
  float largest = 0, factor = 1;  // of a softmax over all
  DEVICE float of(float logit) const {
    if (score == RouteScore::sigmoid) return sigmoid_fast(logit);
    return score == RouteScore::softmax ? exp2_fast((logit - largest) * kLog2E) * factor : logit;
  }
};
DEVICE RouteScale route_scale(const RouteRule& rule, const float* logits, int lane) {
  RouteScale scale{rule.score};
  if (rule.score != RouteScore::softmax) return scale;
  float largest = kNeverChosen, sum = 0;
  for (int e = lane; e < rule.experts; e += kWarp) largest = logits[e] > largest ? logits[e] : largest;
  scale.largest = warp_max(largest);
  for (int e = lane; e < rule.experts; e += kWarp) sum += exp2_fast((logits[e] - scale.largest) * kLog2E);
  scale.factor = 1 / warp_sum(sum);
  return scale;
}

// Experts outside the best groups can no longer be chosen. A lane has a group.
DEVICE void keep_best_groups(const RouteRule& rule, u32* choosing, int lane) {
  const int size = rule.experts / rule.groups;
  RouteBest mine{kNeverChosen, static_cast<u32>(lane)};
  if (lane < rule.groups) {
    float first = kNeverChosen, second = kNeverChosen;
    for (int e = lane * size; e < (lane + 1) * size; ++e) {
      const float score = bits_to_f32(choosing[e]);
      second = score > first ? first : score > second ? score : second;
      first = score > first ? score : first;
    }
    mine.score = rule.group_best > 1 && size > 1 ? first + second : first;
  }
  bool is_kept = false;
  for (int i = 0; i < rule.groups_kept; ++i) {
    const RouteBest best = warp_best(mine);
    if (best.index != static_cast<u32>(lane)) continue;
    is_kept = true;
    mine = {};
  }
  if (lane < rule.groups && !is_kept) {
    for (int e = lane * size; e < (lane + 1) * size; ++e) choosing[e] = f32_to_bits(kNeverChosen);
  }
  sync_warp();
}

// Lane j has the row's choice j.
DEVICE void route_row(const RouteArguments& a, u32* choosing, int row, int lane) {
  const RouteRule& rule = a.rule;
  const float* logits = a.logits + static_cast<long>(row) * a.outputs;
  const RouteScale scale = route_scale(rule, logits, lane);
  for (int e = lane; e < rule.experts; e += kWarp) {
    choosing[e] = f32_to_bits(scale.of(logits[e]) + (a.correction != nullptr ? a.correction[e] : 0));
  }
  sync_warp();
  if (rule.groups > 1) keep_best_groups(rule, choosing, lane);
  int expert = 0;
  for (int j = 0; j < rule.chosen; ++j) {
    RouteBest mine;
    for (int e = lane; e < rule.experts; e += kWarp) {
      const float score = bits_to_f32(choosing[e]);
      if (score > mine.score) mine = {score, static_cast<u32>(e)};
    }
    const RouteBest best = warp_best(mine);
    // Of numbers that are none nobody is the best: any expert will do.
    const int found = best.index < static_cast<u32>(rule.experts) ? static_cast<int>(best.index) : j;
    if (found % kWarp == lane) choosing[found] = f32_to_bits(kNeverChosen);
    if (j == lane) expert = found;
    sync_warp();
  }
  const bool is_one = lane < rule.chosen;
  float weight = is_one ? scale.of(logits[expert]) : 0;
  if (rule.score == RouteScore::softmax_of_chosen) {
    const float largest = warp_max(is_one ? weight : kNeverChosen);
    weight = is_one ? exp2_fast((weight - largest) * kLog2E) : 0;
    weight /= warp_sum(weight);
  }
  float factor = rule.scale;
  if (rule.is_normalized != 0) factor /= warp_sum(weight) + rule.epsilon;
  if (is_one) {
    a.experts[static_cast<long>(row) * rule.chosen + lane] = expert;
    a.weights[static_cast<long>(row) * rule.chosen + lane] = weight * factor;
  }
  if (lane == 0 && a.shared_weight != nullptr) a.shared_weight[row] = sigmoid_fast(logits[rule.experts]);
}

KERNEL(kRouteThreads, 1, route_rows, (RouteArguments a)) {
  SHARED(memory, RouteMemory);
  grid_release();
  grid_wait();
  const int warp = thread_index() / kWarp, row = block_index() * kRouteWarps + warp;
  if (row < a.count) route_row(a, memory[warp], row, thread_index() % kWarp);
}

// A warp a row, a thread an expert; threads beyond the experts have none.
KERNEL(kRouteThreads, 1, route_few, (RouteArguments a)) {
  SHARED(memory, RouteMemory);
  SHARED(before, u32[kRouteWarps]);
  grid_release();
  grid_wait();
  const int thread = thread_index(), warp = thread / kWarp, lane = thread % kWarp;
  if (warp < a.count) route_row(a, memory[warp], warp, lane);
  sync_block();
  for (int row = 0; row < kRouteFewRows; ++row) memory[row][thread] = 0;
  sync_block();
  if (warp < a.count && lane < a.rule.chosen) {
    const int pair = warp * a.rule.chosen + lane;
    memory[warp][a.experts[pair]] = static_cast<u32>(pair) + 1;
  }
  sync_block();
  u32 is_used = 0;
  for (int row = 0; row < a.count; ++row) is_used |= memory[row][thread] != 0 ? 1 : 0;
  u32 place = is_used;  // then the number of experts in use up to this one in the warp
  UNROLL
  for (int step = 1; step < kWarp; step <<= 1) {
    const float other = shuffle_from(static_cast<float>(place), lane - step < 0 ? lane : lane - step);
    place += lane >= step ? static_cast<u32>(other) : 0;
  }
  if (lane == kWarp - 1) before[warp] = place;
  sync_block();
  u32 first = 0, all = 0;
  for (int w = 0; w < kRouteWarps; ++w) {
    first += w < warp ? before[w] : 0;
    all += before[w];
  }
  if (thread == 0) *a.slot_count = static_cast<int>(all);
  if (is_used == 0) return;
  ExpertSlot& slot = a.slots[first + place - 1];
  slot.expert = thread;
  for (int row = 0; row < kRouteFewRows; ++row) {
    const u32 pair = row < a.count ? memory[row][thread] : 0;
    slot.pair[row] = static_cast<int>(pair) - 1;
    slot.weight[row] = pair != 0 ? a.weights[pair - 1] : 0;
  }
}

// A warp has a run of rows. A row's choices differ, so that its lanes count without being in each other's way; rows of
// an expert keep their order.
KERNEL(kRouteThreads, 1, route_sort, (RouteArguments a)) {
  SHARED(memory, RouteMemory);
  SHARED(tiles, u32[2][kRouteExpertsMax]);
  grid_release();
  grid_wait();
  const int thread = thread_index(), warp = thread / kWarp, lane = thread % kWarp, chosen = a.rule.chosen;
  const int each = (a.count + kRouteWarps - 1) / kRouteWarps, begin = warp * each,
            end = begin + each < a.count ? begin + each : a.count;
  for (int w = 0; w < kRouteWarps; ++w) memory[w][thread] = 0;
  sync_block();
  for (int row = begin; row < end; ++row) {
    if (lane < chosen) ++memory[warp][a.experts[static_cast<long>(row) * chosen + lane]];
    sync_warp();
  }
  sync_block();
  u32 count = 0;  // of the expert that this thread has
  for (int w = 0; w < kRouteWarps; ++w) {
    const u32 own = memory[w][thread];
    memory[w][thread] = count;
    count += own;
  }
  const u32 own_tiles = (count + 63) / 64;
  tiles[0][thread] = own_tiles;
  sync_block();
  int side = 0;
  for (int step = 1; step < kRouteExpertsMax; step <<= 1) {
    tiles[1 - side][thread] = tiles[side][thread] + (thread >= step ? tiles[side][thread - step] : 0);
    side = 1 - side;
    sync_block();
  }
  const u32 first_tile = tiles[side][thread] - own_tiles;
  for (u32 i = 0; i < own_tiles; ++i) a.tile_experts[first_tile + i] = thread;
  for (u32 i = count; i < own_tiles * 64; ++i) a.place_rows[first_tile * 64 + i] = -1;
  for (int w = 0; w < kRouteWarps; ++w) memory[w][thread] += first_tile * 64;
  if (thread == kRouteExpertsMax - 1) *a.tile_count = static_cast<int>(tiles[side][thread]);
  sync_block();
  for (int row = begin; row < end; ++row) {
    if (lane < chosen) {
      const long pair = static_cast<long>(row) * chosen + lane;
      const u32 place = memory[warp][a.experts[pair]]++;
      a.places[pair] = static_cast<int>(place);
      a.place_rows[place] = row;
    }
    sync_warp();
  }
}

}  // namespace estoc::gpu
