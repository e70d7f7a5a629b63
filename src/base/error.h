// Errors that mean "cannot do what you asked": bad files, bad requests, missing things.
//
// One class and a few codes. Thrown anywhere, caught at four edges only: main() of a command, the server per request,
// the engine's admission, and the bindings. Expected outcomes (queue full, no free block) are return values, and broken
// invariants are ESTOC_CHECK (base/check.h). Messages say what, where and what was expected, in one sentence.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace estoc {

enum class ErrorCode {
  invalid_argument,    // the caller's value is wrong; HTTP 400, exit code 2
  not_found,           // a file, model or route that does not exist; 404
  unsupported,         // well-formed but not something we run; 400
  corrupt_file,        // a file that contradicts its format or itself; exit code 2
  io,                  // the operating system said no
  device_lost,         // a GPU that computes nothing any more, until the process starts anew; 503, exit code 4
  resource_exhausted,  // queue full, out of memory; 429 or 503
  cancelled,           // the caller went away or the server is stopping
  internal,            // our fault; 500
};

class Error : public std::runtime_error {
 public:
  // `param` names the offending field by path ("messages[2].content") where there is one.
  Error(ErrorCode code, const std::string& message, std::string param = {})
      : std::runtime_error(message), code_(code), param_(std::move(param)) {}
  ErrorCode code() const { return code_; }
  const std::string& param() const { return param_; }

 private:
  ErrorCode code_;
  std::string param_;
};

// Throws Error with a formatted message: fail(ErrorCode::corrupt_file, "{}: truncated at byte {}", path, offset).
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace estoc
