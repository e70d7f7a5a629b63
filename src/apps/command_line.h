// The commands and flags of the binary: what was typed, completed by the environment, as something to run.
// One in a process. Errors: Error{invalid_argument} for a bad variable; mistakes on the command line are told by parse.
#pragma once

#include <memory>
#include <optional>

#include "apps/environment.h"

namespace estoc {

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  // The code to end with at once, when all that was asked is told (help) or wrong; nothing when there is something to
  // run.
  std::optional<int> parse(int argc, const char* const* argv, const Environment& environment);
  // The command that was parsed; its exit code. Throws what it throws, naming a variable where that is to blame.
  int run();

  const std::vector<std::string>& warnings() const;
  CLI::App& app();

 private:
  struct Commands;
  std::unique_ptr<Commands> commands_;
};

}  // namespace estoc
