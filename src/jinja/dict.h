// An ordered dict with Python's keys: 1, 1.0 and true are one key; lists and dicts cannot be keys.
// Filled by one owner, then frozen inside a Value. Errors: Failure for an unhashable key.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jinja/value.h"

namespace estoc::jinja {

class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  void set(Value key, Value value);  // replaces in place or appends
  void set(std::string_view key, Value value);
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }
  uint64_t weight() const { return weight_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> places_;  // hash_key -> index in entries_
  int depth_ = 1;
  uint64_t weight_ = 1;
};

// A text that is equal for equal values, as dicts and `unique` need. Throws Failure "unhashable type: 'list'".
std::string hash_key(const Value& value);

}  // namespace estoc::jinja
