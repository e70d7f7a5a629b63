// What an engine tells of itself: counts since its start and how things stand. A value.
#pragma once

#include <cstdint>

#include "base/histogram.h"

namespace estoc {

struct EngineStats {
  bool is_lost = false;  // what computes does not any more, and this engine takes no request
  int running = 0, waiting = 0;
  int kv_blocks = 0, kv_blocks_used = 0;
  uint64_t steps = 0, steps_ahead = 0;  // of them, those submitted while the one before was computed
  uint64_t requests_done = 0, requests_cancelled = 0, requests_failed = 0;
  uint64_t prompt_tokens = 0, output_tokens = 0;
  uint64_t forced_tokens = 0;  // of the output: such as a constraint left no choice about, without a step
  double mask_s = 0;           // until rows' masks were filled, summed over rows
  uint64_t draft_tokens = 0, draft_tokens_accepted = 0;  // guesses that were computed, and that were right
  uint64_t preemptions = 0;                              // times a sequence gave up its blocks
  uint64_t preemptions_kept = 0;                         // and kept what was computed, in the swap space
  int swap_blocks = 0, swap_blocks_used = 0;
  uint64_t swap_blocks_out = 0, swap_blocks_in = 0;  // copied there and back
  int kv_blocks_cached = 0;       // of those not in use: blocks that still hold keys and values of a prefix
  double queue_work_s = 0;        // estimated time to work off what waits
  uint64_t requests_refused = 0;  // by submit: too much work waits
  uint64_t requests_timed_out = 0;
  uint64_t prefix_tokens = 0;                                            // prompt tokens looked up in the prefix cache
  uint64_t prefix_tokens_cached = 0;                                     // and found there
  Histogram ttft_s, inter_token_s, queue_s, prefill_s, decode_s, e2e_s;  // of requests, in seconds
  Histogram step_s, step_rows;                                           // of steps: seconds; rows of the batch
  // Seconds of all steps: until the model has its rows, until it has their tokens, and until events are made of them;
  // and what handing events to their sinks took.
  double plan_s = 0, compute_s = 0, commit_s = 0, deliver_s = 0;
};

}  // namespace estoc
