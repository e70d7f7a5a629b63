// What a layer needs while it is built: the weights, the mode, the machine, and somebody to tell how far it is.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ops/compute.h"
#include "ops/packed_store.h"
#include "tensor/compute_mode.h"
#include "weights/weight_source.h"

namespace estoc {

// What a head is rounded to where other matrices are rounded to `type`: its errors reach the logits as they are.
constexpr WeightType head_type(WeightType type) { return type == WeightType::int4 ? WeightType::int8 : type; }

struct LoadContext {
  const WeightSource& source;
  const NamingRules& naming;  // of the family that is built
  ComputeMode mode;
  Compute compute;
  WeightType weights = WeightType::as_stored;
  PackedStore* packed_store = nullptr;                          // null: everything is packed anew
  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes of weights taken in; may be empty
  uint64_t bytes_done = 0;
  uint64_t bytes_released = 0;  // of bytes_done, at the last release of mapped pages

  // The tensor as WeightSource::require gives it; from then on it counts as used.
  const WeightTensor& require(std::string_view name, std::span<const int64_t> shape);
  // The tensors that nothing asked for, in file order.
  std::vector<const WeightTensor*> unused() const;

  // Counts bytes of tensors as taken in; lets go of mapped pages now and then, so that a file and its packed form are
  // never resident together as wholes.
  void took(uint64_t bytes);

  std::unordered_set<const WeightTensor*> used;
};

}  // namespace estoc
