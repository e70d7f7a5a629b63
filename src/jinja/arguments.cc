#include "jinja/arguments.h"

#include <algorithm>

#include "jinja/failure.h"

namespace estoc::jinja {

Bound::Bound(const char* what, const Arguments& arguments, std::initializer_list<const char*> names, size_t required)
    : what_(what), names_(names), values_(names.size()) {
  if (names_.empty() && !(arguments.positional.empty() && arguments.keyword.empty()))
    stop("{} takes no argument", what);
  if (arguments.positional.size() > names_.size()) {
    stop("{} takes at most {} arguments, got {}", what, names_.size(), arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.keyword) {
    const auto place = std::find(names_.begin(), names_.end(), name);
    if (place == names_.end()) stop("{} has no argument '{}'", what, name);
    const Value*& slot = values_[static_cast<size_t>(place - names_.begin())];
    if (slot) stop("{} got the argument '{}' twice", what, name);
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values_[i]) stop("{} needs the argument '{}'", what, names_[i]);
  }
}

Bound Bound::by_position(const char* what, const Arguments& arguments, std::initializer_list<const char*> names,
                         size_t required) {
  if (!arguments.keyword.empty()) stop("{} takes no keyword arguments", what);
  return Bound(what, arguments, names, required);
}

int64_t Bound::integer(size_t i, int64_t fallback) const {
  if (!values_[i]) return fallback;
  if (!values_[i]->is_integral()) stop("{}: '{}' is an int, not {}", what_, names_[i], values_[i]->type_name());
  return values_[i]->as_integer();
}

bool Bound::truth(size_t i, bool fallback) const { return values_[i] ? values_[i]->is_true() : fallback; }

bool Bound::flag(size_t i, bool fallback) const { return integer(i, fallback ? 1 : 0) != 0; }

std::string Bound::text(size_t i, std::string_view fallback) const {
  if (!values_[i]) return std::string(fallback);
  if (!values_[i]->is_string()) stop("{}: '{}' is a string, not {}", what_, names_[i], values_[i]->type_name());
  return values_[i]->bytes();
}

const Value* Bound::find(size_t i) const { return values_[i] && !values_[i]->is_none() ? values_[i] : nullptr; }

}  // namespace estoc::jinja
