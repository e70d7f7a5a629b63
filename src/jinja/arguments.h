// Matches what a call passes with the parameter names of a builtin. Errors: Failure that names the builtin.
#pragma once

#include <initializer_list>
#include <string>

#include "jinja/object.h"

namespace estoc::jinja {

class Bound {
 public:
  // The first `required` of `names` must be given.
  Bound(const char* what, const Arguments& arguments, std::initializer_list<const char*> names, size_t required = 0);

  // The same for what Python lets be passed by position only.
  static Bound by_position(const char* what, const Arguments& arguments, std::initializer_list<const char*> names,
                           size_t required = 0);

  bool has(size_t i) const { return values_[i] != nullptr; }
  const Value& at(size_t i) const { return *values_[i]; }  // has(i)
  // none counts as given; these fail on another kind.
  int64_t integer(size_t i, int64_t fallback) const;
  bool truth(size_t i, bool fallback) const;                    // any value, by its truth
  bool flag(size_t i, bool fallback) const;                     // an int or bool, as some Python functions want it
  std::string text(size_t i, std::string_view fallback) const;  // a string
  const Value* find(size_t i) const;                            // null when absent or none

 private:
  const char* what_;
  std::vector<const char*> names_;
  std::vector<const Value*> values_;
};

}  // namespace estoc::jinja
