#include "weights/hf_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <list>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "weights/byte_reader.h"
#include "weights/fp8_scales.h"
#include "weights/hf_names.h"
#include "weights/safetensors_file.h"
#include "weights/tensor_list.h"
#include "weights/text_model.h"

namespace estoc {
namespace {

constexpr size_t kConfigBytesMax = size_t{1} << 26;
constexpr size_t kIndexBytesMax = 100'000'000;

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Python writes numbers that JSON does not have as bare words; in newer configs they are objects like
// {"__float__": "Infinity"}, which is what this makes of the words.
std::string with_named_numbers(std::string text) {
  constexpr std::string_view kWords[] = {"-Infinity", "Infinity", "NaN"};
  if (text.find("Infinity") == std::string::npos && text.find("NaN") == std::string::npos) return text;
  bool is_in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (is_in_string && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      is_in_string = !is_in_string;
    }
    if (is_in_string) continue;
    for (const std::string_view word : kWords) {
      if (text.compare(at, word.size(), word) != 0) continue;
      const std::string named = fmt::format(R"({{"__float__": "{}"}})", word);
      text.replace(at, word.size(), named);
      at += named.size() - 1;
      break;
    }
  }
  return text;
}

Json read_json_object(const std::string& path, size_t bytes_max) {
  Json value;
  try {
    value = parse_json(with_named_numbers(read_file(path, bytes_max)));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    fail(ErrorCode::corrupt_file, "{}: is not valid JSON: {}", path, error.what());
  }
  if (!value.is_object()) {
    fail(ErrorCode::corrupt_file, "{}: is {}, expected a JSON object", path, value.type_name());
  }
  return value;
}

// Weights that carry scales beside them would be read as plain numbers: what we do not decode is refused.
std::optional<Fp8Scheme> scheme_of(const Json& config, std::string_view key, const std::string& path) {
  const Json* quantization = config.find(key);
  if (quantization == nullptr || quantization->is_null()) return std::nullopt;
  // Tensors in MXFP4 tell it by their names, and everything else is as it is stored.
  const Json* method = quantization->find("quant_method");
  if (method != nullptr && *method == Json("mxfp4")) return std::nullopt;
  return read_fp8_scheme(*quantization, path);
}

// A plain file name inside the directory: the index must not reach elsewhere.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\\') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

// Tensor name to file name, in the order of the index.
Json::Object read_weight_map(const std::string& path) {
  const Json index = read_json_object(path, kIndexBytesMax);
  const Json* map = index.find("weight_map");
  if (map == nullptr || !map->is_object()) fail(ErrorCode::corrupt_file, "{}: has no object 'weight_map'", path);
  for (const auto& [tensor, file] : map->as_object()) {
    if (!file.is_string() || !is_plain_file_name(file.as_string())) {
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' is in '{}', expected the name of a file beside the index", path,
           shown(tensor), file.is_string() ? shown(file.as_string()) : file.type_name());
    }
  }
  return map->as_object();
}

class HfDirectory final : public WeightSource {
 public:
  HfDirectory(const std::string& path, std::span<const NamingRules* const> rules) : path_(path) {
    const std::string config_path = in_directory("config.json");
    if (!is_there(config_path)) {
      fail(ErrorCode::not_found, "{}: has no config.json, expected a Hugging Face model directory", path);
    }
    const Json whole = read_json_object(config_path, kConfigBytesMax);
    constexpr std::string_view kQuantization = "quantization_config";
    scheme_ = scheme_of(whole, kQuantization, config_path);
    config_ = text_config(whole, rules, config_path);
    if (!scheme_) scheme_ = scheme_of(config_, kQuantization, config_path);
    read_exporter_config();
    const std::string generation_path = in_directory("generation_config.json");
    if (is_there(generation_path)) generation_config_ = read_json_object(generation_path, kConfigBytesMax);
    open_files();
    const std::span<const WeightTensor> all = tensors_.all();
    tensors_ = TensorList(with_scales({all.begin(), all.end()}, scheme_, config_path));
    tell_of_other_parts();
  }

  const std::string& path() const override { return path_; }
  std::string_view container() const override { return "safetensors"; }
  const Json& config() const override { return config_; }
  const Json& generation_config() const override { return generation_config_; }
  std::span<const WeightTensor> tensors() const override { return tensors_.all(); }
  const WeightTensor* find(std::string_view name) const override { return tensors_.find(name); }
  const Metadata* metadata() const override { return nullptr; }
  const std::list<MappedFile>& files() const override { return files_; }
  uint64_t file_bytes() const override { return file_bytes_; }

 private:
  std::string in_directory(std::string_view name) const { return (std::filesystem::path(path_) / name).string(); }

  // ModelOpt's checkpoints may say what they are in a file of their own.
  void read_exporter_config() {
    const std::string path = in_directory("hf_quant_config.json");
    if (scheme_ || !is_there(path)) return;
    const Json config = read_json_object(path, kConfigBytesMax);
    const Json* quantization = config.find("quantization");
    const Json* algorithm = quantization == nullptr ? nullptr : quantization->find("quant_algo");
    if (algorithm == nullptr || algorithm->is_null()) return;  // of keys and values alone
    scheme_ = scheme_of(config, "quantization", path);
  }

  void open_files() {
    const std::string single = in_directory("model.safetensors");
    const std::string index = in_directory("model.safetensors.index.json");
    std::vector<WeightTensor> tensors;
    if (is_there(single)) {
      append_file(single, tensors);
      tensors_ = TensorList(std::move(tensors));
    } else if (is_there(index)) {
      open_shards(index);
    } else {
      fail(ErrorCode::not_found, "{}: has neither model.safetensors nor model.safetensors.index.json", path_);
    }
  }

  void open_shards(const std::string& index) {
    const Json::Object map = read_weight_map(index);
    std::vector<WeightTensor> tensors;
    std::unordered_map<std::string, bool> opened;
    for (const auto& [tensor, file] : map) {
      if (opened.emplace(file.as_string(), true).second) append_file(in_directory(file.as_string()), tensors);
    }
    tensors_ = TensorList(std::move(tensors));
    for (const auto& [name, file] : map) {
      const std::optional<std::string> own_name = hf_tensor_name(name);
      if (!own_name) continue;
      const WeightTensor* tensor = tensors_.find(*own_name);
      if (tensor == nullptr || tensor->file != in_directory(file.as_string())) {
        fail(ErrorCode::corrupt_file, "{}: tensor '{}' should be in '{}' and is not", index, shown(name),
             shown(file.as_string()));
      }
    }
  }

  void append_file(const std::string& path, std::vector<WeightTensor>& tensors) {
    files_.emplace_back(path);
    file_bytes_ += files_.back().bytes().size();
    for (WeightTensor& tensor : parse_safetensors(files_.back().bytes(), path)) {
      std::optional<std::string> name = hf_tensor_name(tensor.name);
      if (!name) {
        other_parts_.emplace(other_part(tensor.name));
        continue;
      }
      tensor.name = *std::move(name);
      tensors.push_back(std::move(tensor));
    }
  }

  void tell_of_other_parts() const {
    if (other_parts_.empty()) return;
    log_info("{}: the text model is read; left out: {}", path_, fmt::join(other_parts_, ", "));
  }

  std::string path_;
  std::set<std::string> other_parts_;  // whose tensors are left out
  std::list<MappedFile> files_;
  uint64_t file_bytes_ = 0;
  std::optional<Fp8Scheme> scheme_;  // of its matrices
  Json config_, generation_config_;
  TensorList tensors_;
};

}  // namespace

std::unique_ptr<WeightSource> open_hf_directory(const std::string& path, std::span<const NamingRules* const> rules) {
  return std::make_unique<HfDirectory>(path, rules);
}

}  // namespace estoc
