// How much one forward pass multiplies and reads, counted from the tensors: what rates are computed from.
#pragma once

#include <cstdint>

#include "models/model.h"
#include "weights/weight_source.h"

namespace estoc {

// Attention itself, norms and the like are not counted: they are small beside the matrices, or grow with the depth.
struct ModelWork {
  int64_t row_macs = 0;       // of every row: all matrices but embedding and head
  int64_t logit_macs = 0;     // of every row whose logits are wanted: the head
  uint64_t weight_bytes = 0;  // read once by each pass, as packed for the compute mode
};

// `info` from describe_model with the same mode and type. Of experts, those that one row meets: many rows meet more.
ModelWork work_of(const WeightSource& weights, const ModelInfo& info, ComputeMode compute,
                  WeightType type = WeightType::as_stored);

}  // namespace estoc
