#include "weights/weight_source.h"

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "weights/byte_reader.h"
#include "weights/gguf_source.h"
#include "weights/hf_directory.h"
#include "weights/tensor_extent.h"

namespace estoc {

int64_t WeightTensor::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

const std::byte* WeightTensor::row(int64_t r) const {
  ESTOC_DCHECK(r >= 0 && r < rows());
  return bytes.data() + row_map.stored_row(r) * format->row_bytes(columns());
}

void WeightSource::release_pages() const {
  for (const MappedFile& file : files()) file.release_pages();
}

const WeightTensor& WeightSource::require(std::string_view name, std::span<const int64_t> shape) const {
  const WeightTensor* tensor = find(name);
  if (tensor == nullptr) fail(ErrorCode::corrupt_file, "{}: tensor '{}' is missing", path(), shown(name));
  if (!std::equal(tensor->shape.begin(), tensor->shape.end(), shape.begin(), shape.end())) {
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' has shape {}, expected {}", tensor->file, shown(tensor->source_name),
         shape_text(tensor->shape), shape_text(shape));
  }
  return *tensor;
}

std::unique_ptr<WeightSource> open_weights(const std::string& path, std::span<const NamingRules* const> rules) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    fail(ErrorCode::not_found, "{}: no such file or directory", path);
  }
  if (std::filesystem::is_directory(status)) return open_hf_directory(path, rules);
  if (path.ends_with(".safetensors")) {
    fail(ErrorCode::unsupported, "{}: is one file of a model, expected its directory with config.json", path);
  }
  return open_gguf(path, rules);
}

}  // namespace estoc
