#include "weights/module_weights.h"

#include <utility>

#include "weights/safetensors_file.h"
#include "weights/tensor_list.h"

namespace estoc {
namespace {

class ModuleWeights final : public WeightSource {
 public:
  explicit ModuleWeights(const std::string& path) : path_(path) {
    files_.emplace_back(path);
    tensors_ = TensorList(parse_safetensors(files_.back().bytes(), path));
    config_ = Json(Json::Object());
  }

  const std::string& path() const override { return path_; }
  std::string_view container() const override { return "safetensors"; }
  const Json& config() const override { return config_; }
  const Json& generation_config() const override { return generation_config_; }
  std::span<const WeightTensor> tensors() const override { return tensors_.all(); }
  const WeightTensor* find(std::string_view name) const override { return tensors_.find(name); }
  const Metadata* metadata() const override { return nullptr; }
  const std::list<MappedFile>& files() const override { return files_; }
  uint64_t file_bytes() const override { return files_.back().bytes().size(); }

 private:
  std::string path_;
  std::list<MappedFile> files_;
  Json config_, generation_config_;
  TensorList tensors_;
};

}  // namespace

std::unique_ptr<WeightSource> open_module_weights(const std::string& path) {
  return std::make_unique<ModuleWeights>(path);
}

}  // namespace estoc
