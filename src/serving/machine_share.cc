#include "serving/machine_share.h"

#include <algorithm>

namespace estoc {

std::vector<CpuShare> split_cpus(int threads, int models) {
  std::vector<CpuShare> shares;
  int first = 0;
  for (int model = 0; model < models; ++model) {
    const int count = std::max(1, threads / models + (model < threads % models ? 1 : 0));
    shares.push_back({first, count});
    first += count;
  }
  return shares;
}

void KvBudget::take(uint64_t bytes) {
  rest_bytes_ -= std::min(bytes, rest_bytes_);
  --models_;
}

}  // namespace estoc
