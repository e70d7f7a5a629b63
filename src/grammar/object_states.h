// States of JSON objects that follow a schema (schema_shapes.h).
//
// A state is which properties may still come, how many there are as far as that matters, which rules for "some
// property" wait to be satisfied, and which names there were that the schema does not list: none comes twice.
// Threads: one at a time. Errors: those of the automaton.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "grammar/grammar.h"
#include "grammar/schema_shapes.h"
#include "grammar/seen_keys.h"

namespace estoc::grammar {

class ObjectStates : public StateSource {
 public:
  static ObjectStates& add_to(Grammar& grammar, std::shared_ptr<SchemaShapes> shapes);

  // Whether some object of the shape can be written, with the values that are known to be possible so far.
  bool is_possible(uint32_t shape) const;
  StateId start(uint32_t shape);

  StateInfo describe(uint32_t payload) override;
  StateId step(uint32_t payload, uint8_t byte) override;
  std::vector<Call> closing_calls(uint32_t payload) override;
  StateId after(uint32_t payload, const Call& call, std::string_view text) override;
  bool may_reject(uint32_t payload, const Call& call, std::string_view begun) override;
  bool list_rejected(uint32_t payload, const Call& call, std::string_view begun,
                     std::vector<std::string>& out) override;
  StateId without_memory(uint32_t payload) override;

 private:
  enum class Phase : uint8_t { open, first, key_done, value, value_done, next };
  struct Key {
    uint32_t shape = 0;
    Phase phase = Phase::open;
    uint8_t blanks = 0;
    ValueId value = kNoValue;    // of the property whose name was read
    uint32_t position = 0;       // in the schema's order: names from here on may come
    std::vector<uint64_t> used;  // in any order: bits of the names that came
    uint64_t count = 0;
    uint32_t waiting = 0;  // rules for "some property"
    SeenKeys::Id seen = SeenKeys::kNone;
    auto operator<=>(const Key&) const = default;
  };

  ObjectStates(Grammar& grammar, std::shared_ptr<SchemaShapes> shapes)
      : grammar_(grammar), automaton_(grammar.automaton), shapes_(std::move(shapes)) {}
  Key fresh(uint32_t shape) const;
  StateId intern(const Key& key);
  const ObjectShape& shape(const Key& key) const { return shapes_->objects[key.shape]; }
  bool is_open(const Key& key, size_t name) const;
  bool may_end(const Key& key) const;
  bool is_completable(const Key& key) const;
  bool is_kind_possible(const ObjectShape& shape) const;
  Key counted(const Key& key) const;
  bool may_have_more(const Key& key) const;
  void add_name(const Key& key, size_t name, std::vector<Call>& out);
  void add_kinds(const Key& key, std::vector<Call>& out);
  RuleId rule_without(const ObjectShape::Kind& kind, SeenKeys::Id seen);
  void add_calls(const Key& key, RuleId rule, uint32_t some, const std::vector<ValueId>& by_choice, const Key& next,
                 bool reads_text, std::vector<Call>& out);

  Grammar& grammar_;
  Automaton& automaton_;
  std::shared_ptr<SchemaShapes> shapes_;
  uint32_t source_ = 0;
  std::vector<Key> keys_;
  std::map<Key, StateId> ids_;
  SeenKeys seen_;
  std::map<std::pair<RuleId, SeenKeys::Id>, RuleId> without_;  // rules of names that are left
};

}  // namespace estoc::grammar
