// States of JSON arrays that follow a schema (schema_shapes.h).
//
// A state is how many items there are, as far as that matters, how many of them were counted in which count, and, where
// items have to differ, which there were. Threads: one at a time. Errors: those of the automaton.
#pragma once

#include <memory>
#include <set>
#include <unordered_map>

#include "grammar/automaton.h"
#include "grammar/schema_shapes.h"
#include "grammar/seen_keys.h"

namespace estoc::grammar {

class ArrayStates : public StateSource {
 public:
  static ArrayStates& add_to(Automaton& automaton, std::shared_ptr<SchemaShapes> shapes);

  // Whether some array of the shape can be written, with the values that are known to be possible so far.
  bool is_possible(uint32_t shape);
  StateId start(uint32_t shape);

  StateInfo describe(uint32_t payload) override;
  StateId step(uint32_t payload, uint8_t byte) override;
  StateId after(uint32_t payload, const Call& call, std::string_view text) override;
  bool may_reject(uint32_t payload, const Call& call, std::string_view begun) override;
  bool list_rejected(uint32_t payload, const Call& call, std::string_view begun,
                     std::vector<std::string>& out) override;

 private:
  enum class Phase : uint8_t { open, first, item_done, next };
  struct Key {
    uint32_t shape = 0;
    Phase phase = Phase::open;
    uint8_t blanks = 0;
    uint64_t count = 0;
    std::vector<uint64_t> counters;
    SeenKeys::Id seen = SeenKeys::kNone;
    auto operator<=>(const Key&) const = default;
  };

  ArrayStates(Automaton& automaton, std::shared_ptr<SchemaShapes> shapes)
      : automaton_(automaton), shapes_(std::move(shapes)) {}
  StateId intern(const Key& key);
  const ArrayShape& shape(const Key& key) const { return shapes_->arrays[key.shape]; }
  uint64_t capped(const ArrayShape& shape, uint64_t count) const;
  bool may_end(const Key& key) const;
  bool is_completable(const Key& key) const;
  bool is_completable_unique(const Key& key) const;
  bool has_next(const Key& key) const;
  bool is_choosy(const Key& key) const;
  // What follows an item counted as `choice` says; false when that cannot be.
  bool counted(const Key& key, uint32_t choice, Key& next) const;
  void fill_completable(ArrayShape& shape) const;
  size_t table_index(const ArrayShape& shape, uint64_t count, const std::vector<uint64_t>& counters) const;
  std::vector<uint32_t> choices(const Key& key) const;

  Automaton& automaton_;
  std::shared_ptr<SchemaShapes> shapes_;
  uint32_t source_ = 0;
  std::vector<Key> keys_;
  std::map<Key, StateId> ids_;
  SeenKeys seen_;
};

}  // namespace estoc::grammar
