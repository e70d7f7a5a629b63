#include "bench/model_work.h"

namespace estoc {

ModelWork work_of(const WeightSource& weights, const ModelInfo& info, ComputeMode compute) {
  ModelWork work;
  work.logit_macs = int64_t{info.vocab} * info.hidden;
  const bool has_head = weights.find("lm_head.weight") != nullptr;
  for (const WeightTensor& tensor : weights.tensors()) {
    if (tensor.shape.size() != 2 || tensor.name == "model.embed_tokens.weight" || tensor.name == "lm_head.weight") {
      continue;
    }
    work.row_macs += tensor.element_count();
  }
  work.weight_bytes = info.weight_bytes;
  // Of the embedding a pass reads a few rows, unless it is itself what the head multiplies with.
  if (const WeightTensor* embedding = weights.find("model.embed_tokens.weight"); embedding != nullptr) {
    const bool is_packed_apart = compute == ComputeMode::fast && embedding->format->affine != nullptr;
    if (has_head || is_packed_apart) work.weight_bytes -= embedding->bytes.size();
  }
  return work;
}

}  // namespace estoc
