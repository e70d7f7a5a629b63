// Where the time of one answer went, as the `timings` object some clients know.
#pragma once

#include <string>

#include "engine/event.h"

namespace estoc::api {

// Of an answer with several choices: the slowest choice's times, everybody's tokens.
struct Timings {
  int64_t prompt_tokens = 0;  // computed, without those found in the cache
  int64_t cached_tokens = 0;
  int64_t output_tokens = 0;
  int64_t gaps = 0;  // between output tokens: one less than those, for each choice
  RequestTimes times;

  // One choice's part, from its last event.
  void add(const RequestTimes& of, int64_t outputs);

  // {"queue_ms":..,"cache_n":..,"prompt_n":..,"prompt_ms":..,"prompt_per_second":..,"predicted_n":..,"predicted_ms":..,
  // "predicted_per_token_ms":..,"predicted_per_second":..,"gap_max_ms":..,"preemptions":..}. A rate of nothing is 0.
  void append_to(std::string& out) const;
};

}  // namespace estoc::api
