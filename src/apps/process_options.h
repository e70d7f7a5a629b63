// Flags whose effect is the whole process's: the instruction set and what is logged.
#pragma once

#include <string>

#include "apps/options.h"

namespace estoc {

// Applies --isa. Throws Error{invalid_argument, unsupported} with the levels there are.
void apply_isa(const std::string& name);

// Applies --log-level, which must be one of the flag's values.
void apply_log_level(const std::string& name);

// Applies both.
void apply_process_options(const ModelOptionValues& options);

}  // namespace estoc
