// What a server counts, for those who watch it. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "encoding/encoding_stats.h"
#include "engine/engine_stats.h"

namespace estoc::api {

// How the choices of generated answers ended.
struct ChoiceCounts {
  uint64_t stop = 0;     // a stop token or string
  uint64_t length = 0;   // as many tokens as were asked for or fit
  uint64_t aborted = 0;  // the client left, or the server's grace was over
  uint64_t failed = 0;   // the client was told an error
};

struct ModelStats {
  EngineStats engine;
  std::optional<TextStats> texts;  // of an encoder
  int generating = 0;  // answers being generated now
  ChoiceCounts choices;
};

struct ServerStats {
  std::vector<ModelStats> models;     // in the order of Models::list()
  int connections = 0;                // open now
  std::map<int, uint64_t> responses;  // answers by status; 499 for those whose client left
};

}  // namespace estoc::api
