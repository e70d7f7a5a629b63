// How an engine is set up. Values, constant once the engine is made.
#pragma once

#include <cstdint>

#include "quant/kv_type.h"

namespace estoc {

// How a step mixes those who decode with those who read their prompts.
enum class SchedulePolicy {
  mixed,          // decodes first, then as much of the prompts as the step's time allows
  prefill_first,  // whole prompts before everything else: for comparisons only
};

// What is expected of the machine before a step was measured.
struct MachineGuess {
  double bytes_a_second = 10e9, macs_a_second = 50e9;
  double attention_macs_a_second = 200e9;  // too dear a guess would keep long prompts out
};

struct EngineConfig {
  int context = 4096;          // positions a sequence may have: prompt and output together
  int sequences_max = 64;      // sequences that run at once
  int batch_tokens_max = 512;  // rows of one step; at most ModelOptions::rows_max
  int queue_max = 1024;        // requests that may wait: at most sequences_max + queue_max are accepted and unfinished
  uint64_t kv_bytes = 0;       // size of the KV pool; 0 means enough for a few whole contexts (see kv_sizing.h)
  KvType kv_type = KvType::f16;
  uint64_t swap_bytes = 0;     // for keys and values of sequences that give way; 0: they are computed again
  double target_tbt_s = 0.15;    // time between two tokens of a stream: bounds a step while somebody decodes
  double target_ttft_s = 0.15;   // time to first token that steps are made long enough for; bounds the others
  double queue_work_max_s = 60;  // estimated work that may wait before new requests are refused
  double queue_timeout_s = 120;  // a request that has waited this long ends with FinishReason::timeout; 0 never
  bool has_prefix_cache = true;  // keys and values of equal beginnings are computed once
  bool plans_ahead = true;  // a step is submitted while a device computes the one before, where that is possible
  SchedulePolicy policy = SchedulePolicy::mixed;
  MachineGuess machine;
  int steps_kept = 0;  // records of the last steps, for Engine::last_steps
};

}  // namespace estoc
