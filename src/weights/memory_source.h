// A model whose tensors lie in memory: what all sources of that kind answer alike. Whoever derives from it makes config
// and tensors, and owns their bytes. Threads and errors: as weight_source.h has them.
#pragma once

#include <algorithm>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/weight_source.h"

namespace estoc {

class MemorySource : public WeightSource {
 public:
  const std::string& path() const override { return path_; }
  std::string_view container() const override { return container_; }
  const Json& config() const override { return config_; }
  const Json& generation_config() const override { return nothing_; }
  std::span<const WeightTensor> tensors() const override { return tensors_; }
  const WeightTensor* find(std::string_view name) const override {
    const auto at = std::ranges::find(tensors_, name, &WeightTensor::name);
    return at == tensors_.end() ? nullptr : &*at;
  }
  const Metadata* metadata() const override { return nullptr; }
  const std::list<MappedFile>& files() const override { return files_; }
  uint64_t file_bytes() const override { return 0; }

 protected:
  // `container`: of static storage.
  MemorySource(std::string path, std::string_view container) : path_(std::move(path)), container_(container) {}

  Json config_{Json::Object()};
  std::vector<WeightTensor> tensors_;

 private:
  const std::string path_;
  const std::string_view container_;
  const Json nothing_ = {};
  const std::list<MappedFile> files_ = {};
};

}  // namespace estoc
