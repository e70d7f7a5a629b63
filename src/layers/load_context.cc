#include "layers/load_context.h"

namespace estoc {

void LoadContext::took(const WeightTensor& tensor) {
  constexpr uint64_t kReleaseEvery = 32u << 20;
  bytes_done += tensor.bytes.size();
  if (mode == ComputeMode::fast && bytes_done - bytes_released >= kReleaseEvery) {
    source.release_pages();
    bytes_released = bytes_done;
  }
  if (progress) progress(bytes_done, source.file_bytes());
}

}  // namespace estoc
