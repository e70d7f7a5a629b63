// The variables of one block while it runs. Blocks nest lexically: a macro sees where it was written, not its caller.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "jinja/ast.h"

namespace estoc::jinja {

struct Scope {
  explicit Scope(std::shared_ptr<Scope> parent_) : parent(std::move(parent_)) {}

  const Value* find(NameId id) const {
    for (const Scope* scope = this; scope; scope = scope->parent.get()) {
      for (const auto& [name, value] : scope->values) {
        if (name == id) return &value;
      }
    }
    return nullptr;
  }

  void set(NameId id, Value value) {
    for (auto& [name, old] : values) {
      if (name != id) continue;
      old = std::move(value);
      return;
    }
    values.emplace_back(id, std::move(value));
  }

  std::shared_ptr<Scope> parent;
  std::vector<std::pair<NameId, Value>> values;
};

}  // namespace estoc::jinja
