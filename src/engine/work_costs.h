// What requests cost, as estimates that any thread may hold a copy of.
#pragma once

#include <algorithm>

#include "engine/engine.h"

namespace estoc {

// Seconds of the engine's time.
struct WorkCosts {
  double prompt_token = 0;   // computed in a large batch
  double output_token = 0;   // with some company
  double attended = 0;       // a prompt token that looks at one position
  double read = 0;           // an output token that reads one position
  double output_mean = 128;  // tokens that answers have had lately

  double prompt(int tokens) const {
    const double count = tokens;
    return count * prompt_token + count * count / 2 * attended;
  }
  double output(int prompt_tokens, double tokens) const {
    return tokens * (output_token + prompt_tokens * (read + attended));
  }

  // A request whose prompt has so many tokens and that has had so many of its output.
  double request(const Request& request, int prompt_tokens, int output_tokens) const {
    const double expected = std::min(static_cast<double>(request.tokens_max), output_mean);
    return prompt(prompt_tokens) + output(prompt_tokens, std::max(0.0, expected - output_tokens));
  }
};

}  // namespace estoc
