// What goes wrong while a template is compiled or runs, before the place is known.
//
// Failure is thrown by values, filters and methods, which do not know the line; the evaluator catches it at the
// statement and throws estoc::Error with the line.
// Internal to jinja/.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace estoc::jinja {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void stop(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace estoc::jinja
