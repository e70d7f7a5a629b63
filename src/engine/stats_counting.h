// The buckets of the engine's histograms, and how requests and tokens enter them.
#pragma once

#include "engine/engine_stats.h"
#include "engine/sequence.h"

namespace estoc {

// Statistics whose histograms have their buckets: the ones vLLM's dashboards expect, where there are such.
EngineStats with_buckets();

// Counts a token chosen at `now` and its distance from the one before; updates the sequence's times.
void count_token(EngineStats& stats, Sequence& sequence, Clock::time_point now);
// Counts the times of a request that ended well.
void count_times(EngineStats& stats, const RequestTimes& times);

}  // namespace estoc
