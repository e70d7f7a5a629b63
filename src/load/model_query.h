// Asks a server what it serves.
#pragma once

#include <string>

#include "load/target.h"

namespace estoc {

// The first model of GET /v1/models. Blocks, for 30 s at most. Throws Error{io} when the server does not answer, and
// Error{not_found} when it names no model.
std::string first_model(const Target& target, const std::string& api_key);

}  // namespace estoc
