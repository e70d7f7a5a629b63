// Sets of texts that grow one text at a time, shared by the states that remember them.
//
// A set is a number; adding to it gives another one. Threads: one at a time. Nothing throws but memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace estoc::grammar {

class SeenKeys {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = 0;
  static constexpr Id kUnknown = UINT32_MAX;  // what is in it cannot be told

  Id add(Id set, std::string_view key) {
    const auto [found, is_new] = ids_.try_emplace({set, std::string(key)}, static_cast<Id>(links_.size() + 1));
    if (is_new) links_.push_back({set, &found->first.second});
    return found->second;
  }
  bool contains(Id set, std::string_view key) const {
    return any(set, [&](const std::string& one) { return one == key; });
  }
  bool has_beginning(Id set, std::string_view begun) const {
    return any(set, [&](const std::string& one) { return one.starts_with(begun); });
  }
  // Adds what behind `begun` makes one of the set's.
  void list_endings(Id set, std::string_view begun, std::vector<std::string>& out) const {
    any(set, [&](const std::string& one) {
      if (one.starts_with(begun)) out.push_back(one.substr(begun.size()));
      return false;
    });
  }

 private:
  struct Link {
    Id before;
    const std::string* key;
  };
  template <typename Test>
  bool any(Id set, const Test& test) const {
    for (; set != kNone && set != kUnknown; set = links_[set - 1].before) {
      if (test(*links_[set - 1].key)) return true;
    }
    return false;
  }

  std::map<std::pair<Id, std::string>, Id> ids_;
  std::vector<Link> links_;
};

}  // namespace estoc::grammar
