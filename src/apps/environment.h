// Flags from the environment: --kv-memory is ESTOC_KV_MEMORY, for every flag of every command.
//
// A variable counts only for the command that is run, and only where the command line does not say it. What looks like
// Kubernetes' links to a service named estoc (ESTOC_PORT=tcp://10.96.0.7:8000) is nobody's wish: ignored.
// Threads: pure functions but the first. Errors: Error{invalid_argument} that names the variable.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace estoc {

using Environment = std::map<std::string, std::string>;  // variable to value

// Those of the process that begin with ESTOC_.
Environment estoc_environment();

// Empty for what has no variable: positional arguments, --help.
std::string variable_of(const CLI::Option& option);

struct EnvironmentOutcome {
  Environment used;                   // spelling of a flag ("--threads", "-t") to the variable its value came from
  std::vector<std::string> warnings;  // sentences about variables that were ignored and should be known of
};

// Sets the flags of `command`, which was parsed and is one of `app`'s.
EnvironmentOutcome apply_environment(const CLI::App& app, CLI::App& command, const Environment& environment);

// A sentence of the form "--threads: ..." names the variable instead when the value came from there.
std::string blame_variable(const std::string& sentence, const Environment& used);

}  // namespace estoc
