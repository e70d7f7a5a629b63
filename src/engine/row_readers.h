// What the engine does with rows of logits, many at once: choose a token, look up log-probabilities.
//
// What: each row is read by one thread of the team, which has a work space of its own; a row's result depends on that
// row alone.
// Ownership: borrows the team. Threads: the engine thread calls run. Errors: none.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sampling/logprobs.h"
#include "sampling/sampler.h"

namespace estoc {

class ThreadTeam;

// One row: what is wanted of it, and what came out.
struct RowJob {
  std::span<const float> logits;
  // With a state, a token is chosen.
  const SamplerState* state = nullptr;
  std::span<const TokenId> forbidden;
  // The token chosen, nothing when none can be; or, without a state, the token whose log-probability is wanted.
  std::optional<TokenId> token;
  int top_logprobs = -1;  // -1 for no log-probabilities
  Logprobs logprobs;
};

class RowReaders {
 public:
  // `team` may be null: then the caller does it all.
  explicit RowReaders(ThreadTeam* team);
  void run(std::span<RowJob> jobs);

 private:
  struct Reader {
    Sampler sampler;
    LogprobReader logprobs;
  };

  ThreadTeam* team_;
  std::vector<Reader> readers_;  // one a thread
};

}  // namespace estoc
