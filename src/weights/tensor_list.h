// The tensors of a source and their index by name.
//
// Owned by a source and immutable after construction; any thread may read. Throws Error{corrupt_file} when two tensors
// have one name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weights/weight_source.h"

namespace estoc {

class TensorList {
 public:
  TensorList() = default;
  explicit TensorList(std::vector<WeightTensor> tensors);
  TensorList(TensorList&&) = default;  // the index points at the strings of the tensors, which moving keeps in place
  TensorList& operator=(TensorList&&) = default;

  std::span<const WeightTensor> all() const { return tensors_; }
  const WeightTensor* find(std::string_view name) const;

 private:
  std::vector<WeightTensor> tensors_;
  std::unordered_map<std::string_view, size_t> index_;
};

}  // namespace estoc
