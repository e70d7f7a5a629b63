#include "weights/gguf_source.h"

#include <cstring>
#include <list>
#include <optional>

#include "base/error.h"
#include "base/mapped_file.h"
#include "weights/byte_reader.h"
#include "weights/gguf_config.h"
#include "weights/gguf_file.h"
#include "weights/gguf_names.h"
#include "weights/gguf_parts.h"
#include "weights/gguf_token_ids.h"
#include "weights/tensor_extent.h"
#include "weights/tensor_list.h"

namespace estoc {
namespace {

// The order of rows in a file whose converter reordered heads: of q and k, adjacent pairs.
RowMap row_map_of(const WeightTensor& tensor, const Metadata& metadata) {
  const std::optional<GgufLayerTensor> parts = gguf_layer_tensor(tensor.source_name);
  const bool is_query = parts && parts->part == "attn_q";
  const bool is_key = parts && parts->part == "attn_k";
  if (!is_query && !is_key) return {};
  const int64_t layer = parts->layer;
  std::string_view key = "attention.head_count_kv";
  int64_t heads = is_key ? gguf_head_count(metadata, key, layer) : 0;
  if (heads == 0) heads = gguf_head_count(metadata, key = "attention.head_count", layer);
  const int64_t rows = tensor.shape.size() == 1 ? tensor.columns() : tensor.rows();
  if (heads > 0 && rows % (2 * heads) == 0) return RowMap::adjacent_pairs(rows / heads);
  fail(ErrorCode::corrupt_file, "{}: tensor '{}' has shape {}, which {} heads ({}) do not divide evenly", tensor.file,
       shown(tensor.source_name), shape_text(tensor.shape), heads, key);
}

// Adapters, projectors and tables of importance come in GGUF files, too.
void check_is_model(const Metadata& metadata) {
  const auto type = metadata.get_string("general.type");
  if (!type || *type == "model") return;
  fail(ErrorCode::unsupported, "{}: general.type is '{}', expected 'model'", metadata.source, shown(*type));
}

class GgufSource final : public WeightSource {
 public:
  GgufSource(const std::string& path, std::span<const NamingRules* const> rules) : path_(path) {
    files_.emplace_back(path);
    GgufFile first = parse_gguf(files_.front().bytes(), path);
    metadata_ = std::move(first.metadata);
    file_bytes_ = files_.front().bytes().size();
    const std::vector<std::string> paths = gguf_part_paths(path, metadata_);
    check_is_model(metadata_);
    naming_ = gguf_naming(gguf_architecture(metadata_), rules, path);
    std::vector<WeightTensor> tensors;
    translate(first, path, tensors);
    for (size_t part = 1; part < paths.size(); ++part) {
      files_.emplace_back(paths[part]);
      const GgufFile file = parse_gguf(files_.back().bytes(), paths[part]);
      check_gguf_part(file, part, paths.size());
      file_bytes_ += files_.back().bytes().size();
      translate(file, paths[part], tensors);
    }
    check_gguf_tensor_count(metadata_, tensors.size());
    finish(std::move(tensors));
  }

  GgufSource(std::span<const std::byte> bytes, const std::string& name, std::span<const NamingRules* const> rules)
      : path_(name), file_bytes_(bytes.size()) {
    GgufFile file = parse_gguf(bytes, name);
    metadata_ = std::move(file.metadata);
    check_is_model(metadata_);
    naming_ = gguf_naming(gguf_architecture(metadata_), rules, name);
    std::vector<WeightTensor> tensors;
    translate(file, name, tensors);
    finish(std::move(tensors));
  }

  const std::string& path() const override { return path_; }
  std::string_view container() const override { return "gguf"; }
  const Json& config() const override { return config_; }
  const Json& generation_config() const override { return generation_config_; }
  std::span<const WeightTensor> tensors() const override { return tensors_.all(); }
  const WeightTensor* find(std::string_view name) const override { return tensors_.find(name); }
  const Metadata* metadata() const override { return &metadata_; }
  const std::list<MappedFile>& files() const override { return files_; }
  uint64_t file_bytes() const override { return file_bytes_; }

 private:
  void translate(const GgufFile& file, const std::string& path, std::vector<WeightTensor>& tensors) {
    tensors.reserve(tensors.size() + file.tensors.size());
    for (const GgufTensor& found : file.tensors) {
      WeightTensor tensor;
      tensor.name = hugging_face_name(found.name, naming_);
      tensor.source_name = found.name;
      tensor.file = path;
      tensor.format = found.format;
      tensor.shape = found.shape;
      tensor.bytes = found.bytes;
      if (naming_.architecture->has_interleaved_heads) order_heads(tensor);
      tensors.push_back(std::move(tensor));
    }
  }

  // Rows of a matrix are found by WeightTensor::row; a bias is one row, so its elements are copied into order here.
  void order_heads(WeightTensor& tensor) {
    const RowMap map = row_map_of(tensor, metadata_);
    if (map.is_in_order()) return;
    if (tensor.shape.size() != 1) {
      tensor.row_map = map;
      return;
    }
    if (tensor.format->block_count != 1) {
      fail(ErrorCode::unsupported, "{}: tensor '{}' is a bias stored as {}, expected a plain format", tensor.file,
           shown(tensor.source_name), tensor.format->name);
    }
    const auto bytes = static_cast<size_t>(tensor.format->block_bytes);
    std::vector<std::byte>& ordered = biases_.emplace_back(tensor.bytes.size());
    for (int64_t r = 0; r < tensor.columns(); ++r) {
      const auto stored = static_cast<size_t>(map.stored_row(r));
      std::memcpy(ordered.data() + static_cast<size_t>(r) * bytes, tensor.bytes.data() + stored * bytes, bytes);
    }
    tensor.bytes = ordered;
  }

  void finish(std::vector<WeightTensor> tensors) {
    tensors_ = TensorList(std::move(tensors));
    config_ = gguf_config(metadata_, *naming_.architecture, tensors_.all());
    generation_config_ = gguf_generation_config(metadata_);
    warn_of_absent_tokens(metadata_);
  }

  std::string path_;
  std::list<MappedFile> files_;  // empty for a model in memory
  std::list<std::vector<std::byte>> biases_;
  uint64_t file_bytes_ = 0;
  Metadata metadata_;
  GgufNaming naming_;
  TensorList tensors_;
  Json config_, generation_config_;
};

}  // namespace

std::unique_ptr<WeightSource> open_gguf(const std::string& path, std::span<const NamingRules* const> rules) {
  return std::make_unique<GgufSource>(path, rules);
}

std::unique_ptr<WeightSource> gguf_from_memory(std::span<const std::byte> bytes, const std::string& name,
                                               std::span<const NamingRules* const> rules) {
  return std::make_unique<GgufSource>(bytes, name, rules);
}

}  // namespace estoc
