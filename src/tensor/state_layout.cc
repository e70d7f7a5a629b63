#include "tensor/state_layout.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace estoc {
namespace {

constexpr int64_t kAlignment = 64;

}  // namespace

FixedState fixed_state(int64_t bytes) {
  constexpr uint64_t kBytesAPosition = 4096, kEveryMax = 1024;
  const uint64_t every = std::bit_floor(std::max<uint64_t>(1, static_cast<uint64_t>(bytes) / kBytesAPosition));
  return {bytes, static_cast<int>(std::clamp<uint64_t>(every, kKvBlockTokens, kEveryMax))};
}

StateLayout::StateLayout(std::vector<StateSpec> layers, bool is_passing)
    : layers_(std::move(layers)), is_passing_(is_passing) {
  for (int layer = 0; layer < layer_count(); ++layer) {
    StateGroup wanted;
    if (const PagedState* state = paged(layer)) wanted.window = state->window;
    if (const FixedState* state = fixed(layer)) {
      ESTOC_CHECK(state->bytes > 0 && state->snapshot_every > 0 && state->snapshot_every % kKvBlockTokens == 0);
      wanted.snapshot_every = state->snapshot_every;
    }
    if (std::holds_alternative<std::monostate>(spec(layer))) {
      group_of_.push_back(-1);
      continue;
    }
    auto group = std::ranges::find_if(groups_, [&](const StateGroup& other) {
      return other.window == wanted.window && other.snapshot_every == wanted.snapshot_every;
    });
    if (group == groups_.end()) group = groups_.insert(group, wanted);
    ESTOC_CHECK(!is_passing || group->layers.empty() ||
                layer_bytes(layer, KvType::f32) == layer_bytes(group->layers.front(), KvType::f32));
    group->layers.push_back(layer);
    group_of_.push_back(static_cast<int>(group - groups_.begin()));
  }
}

uint64_t StateLayout::layer_bytes(int layer, KvType type) const {
  if (const PagedState* state = paged(layer)) {
    return (state->has_values ? 2u : 1u) * static_cast<uint64_t>(state->kv_heads) *
           static_cast<uint64_t>(kv_head_bytes(type, state->head_dim));
  }
  const FixedState* state = fixed(layer);
  return state == nullptr ? 0 : static_cast<uint64_t>((state->bytes + kAlignment - 1) / kAlignment * kAlignment);
}

uint64_t StateLayout::block_bytes(int group, KvType type) const {
  uint64_t bytes = 0;
  for (const int layer : groups_[static_cast<size_t>(group)].layers) {
    bytes += layer_bytes(layer, type);
    if (is_passing_) break;
  }
  return bytes;
}

uint64_t StateLayout::position_block_bytes(KvType type) const {
  uint64_t bytes = 0;
  for (int layer = 0; layer < layer_count(); ++layer) bytes += paged(layer) != nullptr ? layer_bytes(layer, type) : 0;
  return bytes;
}

uint64_t StateLayout::sequence_bytes() const {
  uint64_t bytes = 0;
  for (int layer = 0; layer < layer_count(); ++layer) {
    bytes += fixed(layer) != nullptr ? layer_bytes(layer, KvType::f32) : 0;
  }
  return bytes;
}

}  // namespace estoc
