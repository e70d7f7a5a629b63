#include "bench/model_work.h"

#include <algorithm>
#include <vector>

#include "models/family.h"
#include "ops/weight.h"

namespace estoc {
namespace {

// The experts of a layer: tensors whose names begin so, and which of how many a row goes through.
struct Experts {
  std::string prefix;
  int chosen, all;
};

std::vector<Experts> experts_of(const DecoderSpec& decoder) {
  std::vector<Experts> experts;
  for (const LayerSpec& layer : decoder.layers) {
    const auto* moe = std::get_if<MoeSpec>(&layer.mlp);
    if (moe != nullptr) experts.push_back({moe->experts + ".", moe->rule.chosen, moe->rule.experts});
  }
  return experts;
}

}  // namespace

ModelWork work_of(const WeightSource& weights, const ModelInfo& info, ComputeMode compute, WeightType type) {
  ModelWork work;
  work.logit_macs = int64_t{info.vocab} * info.hidden;
  const ModelFamily& family = family_of(weights);
  const WeightTensor* embedding = weights.find(family.naming.embedding_weight());
  const WeightTensor* head = weights.find(family.naming.head_weight());
  const std::vector<Experts> experts = experts_of(family.describe(weights));
  work.weight_bytes = info.weight_bytes;
  for (const WeightTensor& tensor : weights.tensors()) {
    if (tensor.shape.size() < 2 || &tensor == embedding || &tensor == head) continue;
    const auto layer =
        std::ranges::find_if(experts, [&](const Experts& e) { return tensor.name.starts_with(e.prefix); });
    if (layer == experts.end()) {
      work.row_macs += tensor.element_count();
      continue;
    }
    work.row_macs += tensor.element_count() / layer->all * layer->chosen;
    const QuantFormat& format = Weight::format_as(*tensor.format, type, tensor.columns());
    const uint64_t bytes = Weight::resident_bytes_of(format, compute, tensor.rows(), tensor.columns());
    work.weight_bytes -= bytes / static_cast<uint64_t>(layer->all) * static_cast<uint64_t>(layer->all - layer->chosen);
  }
  // Of the embedding a pass reads a few rows, unless it is itself what the head multiplies with.
  if (embedding != nullptr) {
    const bool is_packed_apart = compute == ComputeMode::fast &&
                                 Weight::format_as(*embedding->format, type, embedding->columns()).affine != nullptr;
    if (head != nullptr || is_packed_apart) work.weight_bytes -= embedding->bytes.size();
  }
  return work;
}

}  // namespace estoc
