// What a caller asks of an encoder, and what comes back. Values; a job is immutable once submitted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace estoc {

// Texts as tokens, special ones included: the text i is the next lengths[i] of them.
struct EncodeJob {
  std::vector<TokenId> tokens;
  std::vector<uint8_t> segments;  // [tokens], or empty for all 0
  std::vector<int> lengths;       // not empty; each 1 .. EncodingEngine::tokens_max()

  int priority = 0;                      // class: lower ones come first
  std::string client;                    // whose share of the machine it uses; all without a name share one
  std::chrono::milliseconds timeout{0};  // from submit to the last result; 0 for no deadline
};

struct EncodeOutcome {
  enum class End { done, cancelled, timeout, failed };
  End end = End::done;
  std::string error;           // a sentence, of a job that failed or ran out of time
  int retry_after_s = 0;       // above 0: it never began, and may be sent again in so many seconds
  std::vector<float> results;  // [texts][outputs] of a job that is done
};

// Called once, on the engine's thread.
using EncodeSink = std::function<void(EncodeOutcome&&)>;

}  // namespace estoc
