// What a request must satisfy to be queued. Pure.
#pragma once

#include "engine/engine_config.h"
#include "engine/request.h"

namespace estoc {

// Throws Error{invalid_argument} whose param() is the field's name: an empty prompt, a token outside the vocabulary,
// a prompt that leaves no position for an output token (with both numbers), impossible counts or sampling values.
void validate(const Request& request, int vocab, const EngineConfig& config, int kv_positions);

}  // namespace estoc
