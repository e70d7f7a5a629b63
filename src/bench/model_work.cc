#include "bench/model_work.h"

#include "models/family.h"
#include "ops/weight.h"

namespace estoc {

ModelWork work_of(const WeightSource& weights, const ModelInfo& info, ComputeMode compute, WeightType type) {
  ModelWork work;
  work.logit_macs = int64_t{info.vocab} * info.hidden;
  const NamingRules& naming = family_of(weights).naming;
  const WeightTensor* embedding = weights.find(naming.embedding_weight());
  const WeightTensor* head = weights.find(naming.head_weight());
  for (const WeightTensor& tensor : weights.tensors()) {
    if (tensor.shape.size() != 2 || &tensor == embedding || &tensor == head) continue;
    work.row_macs += tensor.element_count();
  }
  work.weight_bytes = info.weight_bytes;
  // Of the embedding a pass reads a few rows, unless it is itself what the head multiplies with.
  if (embedding != nullptr) {
    const bool is_packed_apart = compute == ComputeMode::fast &&
                                 Weight::format_as(*embedding->format, type, embedding->columns()).affine != nullptr;
    if (head != nullptr || is_packed_apart) work.weight_bytes -= embedding->bytes.size();
  }
  return work;
}

}  // namespace estoc
