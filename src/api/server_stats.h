// What a server counts, for those who watch it. Plain data.
#pragma once

#include <cstdint>
#include <map>

#include "engine/engine_stats.h"

namespace estoc::api {

// How the choices of generated answers ended.
struct ChoiceCounts {
  uint64_t stop = 0;     // a stop token or string
  uint64_t length = 0;   // as many tokens as were asked for or fit
  uint64_t aborted = 0;  // the client left, or the server's grace was over
  uint64_t failed = 0;   // the client was told an error
};

struct ServerStats {
  EngineStats engine;
  int connections = 0;                // open now
  int generating = 0;                 // answers being generated now
  std::map<int, uint64_t> responses;  // answers by status; 499 for those whose client left
  ChoiceCounts choices;
};

}  // namespace estoc::api
