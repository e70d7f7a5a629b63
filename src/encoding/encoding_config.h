// How an encoding engine is set up. Values, constant once it is made.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/engine_config.h"

namespace estoc {

struct EncodingConfig {
  int context = 0;              // tokens of a text at most; 0, or more than the encoder's limit: that
  int batch_tokens_max = 2048;  // of all texts of a batch; never less than one text may have
  int batch_texts_max = 256;
  double target_batch_s = 0.15;  // a batch is no longer than this where it has more than one text
  int queue_max = 1024;          // jobs that may be unfinished
  double queue_work_max_s = 60;  // estimated work that may wait before new jobs are refused
  // The same in tokens, which holds also before the machine's speed is known.
  int64_t queue_tokens_max = int64_t{8} << 20;
  size_t result_bytes_max = size_t{512} << 20;  // of all unfinished jobs' results
  double queue_timeout_s = 120;  // a job that has waited this long for its first batch ends with a timeout; 0 never
  MachineGuess machine;
};

}  // namespace estoc
