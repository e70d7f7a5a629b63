// What the layers of a model keep of the past, declared by the layers, and how that is grouped.
//
// What: layers that can share tables of blocks form a group: those with the same kind of state and the same window. A
// group has a pool of blocks; a block holds what all its layers keep, of 16 positions or of one sequence. Groups are
// computed here, once: whoever hands out blocks, owns their memory or reads them indexes the same list.
// Values. Threads: immutable. Errors: none.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "quant/kv_type.h"

namespace estoc {

// Keys and values of every position.
struct PagedState {
  int kv_heads = 0;
  int head_dim = 0;        // same for keys and values
  int window = 0;          // positions a token sees, itself included; 0 for all
  bool has_values = true;  // false: values are a view of the keys (latent attention)
};

// As much for a sequence of any length: the last inputs of a convolution, a recurrent state. It cannot be cut back, so
// the prefix cache keeps copies of it.
struct FixedState {
  int64_t bytes = 0;
  int snapshot_every = kKvBlockTokens;  // positions between copies, a multiple of 16: the rarer, the larger the state
};

// A state of one layer with copies that are the rarer, the larger it is: up to 4 KiB of them a position, every 1,024 of
// them at least.
FixedState fixed_state(int64_t bytes);

// monostate: a layer that keeps nothing.
using StateSpec = std::variant<std::monostate, PagedState, FixedState>;

struct StateGroup {
  int window = 0;
  int snapshot_every = 0;   // above 0: of fixed states, a block a sequence
  std::vector<int> layers;  // ascending
  bool is_fixed() const { return snapshot_every > 0; }
};

class StateLayout {
 public:
  StateLayout() = default;
  // `is_passing`: nothing outlives a run of the model, and the layers of a group, which then are alike, use the same
  // memory one after the other.
  explicit StateLayout(std::vector<StateSpec> layers, bool is_passing = false);

  bool is_passing() const { return is_passing_; }
  int layer_count() const { return static_cast<int>(layers_.size()); }
  const std::vector<StateGroup>& groups() const { return groups_; }
  int group_count() const { return static_cast<int>(groups_.size()); }
  // -1 for a layer that keeps nothing.
  int group_of(int layer) const { return group_of_[static_cast<size_t>(layer)]; }
  const StateSpec& spec(int layer) const { return layers_[static_cast<size_t>(layer)]; }
  // Null for layers of another kind.
  const PagedState* paged(int layer) const { return std::get_if<PagedState>(&spec(layer)); }
  const FixedState* fixed(int layer) const { return std::get_if<FixedState>(&spec(layer)); }

  // Of one block of one layer, values included.
  uint64_t layer_bytes(int layer, KvType type) const;
  // Of one block of a group, of all its layers.
  uint64_t block_bytes(int group, KvType type) const;
  // Of 16 positions in all groups of paged states.
  uint64_t position_block_bytes(KvType type) const;
  // Of one sequence in all groups of fixed states.
  uint64_t sequence_bytes() const;

 private:
  std::vector<StateSpec> layers_;
  std::vector<StateGroup> groups_;
  std::vector<int> group_of_;  // [layers]
  bool is_passing_ = false;
};

}  // namespace estoc
