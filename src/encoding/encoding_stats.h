// What an encoding engine tells of itself. Values.
#pragma once

#include <cstdint>

#include "base/histogram.h"
#include "engine/engine_stats.h"

namespace estoc {

struct TextStats {
  uint64_t computed = 0;
  int64_t waiting_tokens = 0;  // of texts that wait
  Histogram batch_texts;       // texts of a batch
};

struct EncodingStats {
  // What it shares with engines that generate: a request is a job, a step a batch, a row a token.
  EngineStats engine;
  TextStats texts;
};

}  // namespace estoc
