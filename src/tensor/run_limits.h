// What runs of a model have to have room for. Plain data.
#pragma once

#include <vector>

#include "quant/kv_type.h"

namespace estoc {

struct RunLimits {
  KvType kv_type = KvType::f16;
  std::vector<int> block_counts = {};  // [groups]; empty where keys and values are not the run's own
  std::vector<int> slot_counts = {};   // [groups], blocks of the swap space; empty: there is none
  int rows_max = 1;                    // of one batch
  int logit_rows_max = 1;
};

}  // namespace estoc
