#include "layers/load_context.h"

namespace estoc {

const WeightTensor& LoadContext::require(std::string_view name, std::span<const int64_t> shape) {
  const WeightTensor& tensor = source.require(name, shape);
  used.insert(&tensor);
  return tensor;
}

std::vector<const WeightTensor*> LoadContext::unused() const {
  std::vector<const WeightTensor*> unused;
  for (const WeightTensor& tensor : source.tensors()) {
    if (!used.contains(&tensor)) unused.push_back(&tensor);
  }
  return unused;
}

void LoadContext::took(uint64_t bytes) {
  constexpr uint64_t kReleaseEvery = 32u << 20;
  bytes_done += bytes;
  if (mode == ComputeMode::fast && bytes_done - bytes_released >= kReleaseEvery) {
    source.release_pages();
    bytes_released = bytes_done;
  }
  if (progress) progress(bytes_done, source.file_bytes());
}

}  // namespace estoc
