// What is done with rows of logits, many at once: choose a token, look up log-probabilities.
//
// What: masks are filled before the rows are there, while a device computes them; each row, and each mask, is one
// thread's of the team, which has a work space of its own. A row's result depends on that row alone.
// Ownership: borrows the team. Threads: one thread calls run. Errors: none.
#pragma once

#include <span>
#include <vector>

#include "runner/runner.h"
#include "sampling/logprobs.h"
#include "sampling/sampler.h"

namespace estoc {

class ThreadTeam;

class RowReaders {
 public:
  // `team` may be null: then the caller does it all.
  explicit RowReaders(ThreadTeam* team);
  // Of the jobs that run() is given next.
  void fill_masks(std::span<RowJob> jobs, size_t vocab);
  // Job i reads row i of `logits` [jobs, vocab], unless the model has chosen its token.
  void run(std::span<RowJob> jobs, std::span<const RowChoice> choices, const float* logits, size_t vocab);

  // How the token of a job's row is chosen, if that takes nothing but the row.
  static std::optional<RowDraw> draw_of(const RowJob& job);

 private:
  struct Reader {
    Sampler sampler;
    LogprobReader logprobs;
  };

  template <typename Each>
  void for_each(size_t count, const Each& each);

  ThreadTeam* team_;
  std::vector<Reader> readers_;   // one a thread
  std::vector<TokenMask> masks_;  // one a job, of those that have one
};

}  // namespace estoc
