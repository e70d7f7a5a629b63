// What an encoding engine tells of itself. A value.
#pragma once

#include <cstdint>

#include "base/histogram.h"
#include "engine/engine_stats.h"

namespace estoc {

struct EncodingStats {
  // What it shares with engines that generate: a request is a job, a step a batch, a row a token.
  EngineStats engine;
  uint64_t texts = 0;        // computed
  int64_t queue_tokens = 0;  // of texts that wait
  Histogram batch_texts;
};

}  // namespace estoc
