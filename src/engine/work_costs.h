// What requests cost, as estimates that any thread may hold a copy of.
#pragma once

#include <algorithm>

#include "engine/request.h"

namespace estoc {

// What requests ask for, as sums that do not depend on what it costs.
struct AskedWork {
  double prompt_tokens = 0;
  double prompt_attended = 0;  // positions that prompt tokens look at
  double output_tokens = 0;    // expected
  double output_read = 0;      // positions of prompts that these read

  // A request whose prompt has so many tokens, the first `computed` of which are no work any more, and that has had so
  // many of its output.
  void add(const Request& request, int prompt, int computed, int output, double output_mean) {
    const double count = prompt, done = computed;
    const double expected = std::min(static_cast<double>(request.tokens_max), output_mean);
    const double left = std::max(0.0, expected - output);
    prompt_tokens += count - done;
    prompt_attended += (count * count - done * done) / 2;
    output_tokens += left;
    output_read += left * count;
  }
};

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
  double of(const AskedWork& asked) const {
    return asked.prompt_tokens * prompt_token + asked.prompt_attended * attended + asked.output_tokens * output_token +
           asked.output_read * (read + attended);
  }

  // A request whose prompt has so many tokens and that has had none of its output.
  double request(const Request& request, int prompt_tokens) const {
    AskedWork asked;
    asked.add(request, prompt_tokens, 0, 0, output_mean);
    return of(asked);
  }
};

}  // namespace estoc
