#include "weights/tensor_list.h"

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {

TensorList::TensorList(std::vector<WeightTensor> tensors) : tensors_(std::move(tensors)) {
  index_.reserve(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const auto [it, is_new] = index_.emplace(tensors_[i].name, i);
    if (is_new) continue;
    const WeightTensor& first = tensors_[it->second];
    const WeightTensor& second = tensors_[i];
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' is the same as '{}' of {}, expected one of each name", second.file,
         shown(second.source_name), shown(first.source_name), first.file);
  }
}

const WeightTensor* TensorList::find(std::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

}  // namespace estoc
