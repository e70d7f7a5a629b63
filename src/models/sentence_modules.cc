#include "models/sentence_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "weights/byte_reader.h"
#include "weights/config_reader.h"
#include "weights/gguf_config.h"
#include "weights/metadata.h"

namespace estoc {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;
constexpr size_t kModulesMax = 16;
constexpr int kWidthMax = 1 << 20;
constexpr int kVocabMax = 16 << 20;

// In the order in which several stand side by side.
struct PoolingName {
  Pooling pooling;
  std::string_view name;  // EncoderInfo's
  std::string_view key;   // of older files: true or false
  std::string_view word;  // of newer files, under pooling_mode
};
constexpr PoolingName kPoolings[] = {
    {Pooling::cls, "cls", "pooling_mode_cls_token", "cls"},
    {Pooling::max, "max", "pooling_mode_max_tokens", "max"},
    {Pooling::mean, "mean", "pooling_mode_mean_tokens", "mean"},
    {Pooling::mean_sqrt_len, "mean_sqrt_len", "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
    {Pooling::weighted_mean, "weighted_mean", "pooling_mode_weightedmean_tokens", "weightedmean"},
    {Pooling::last, "last", "pooling_mode_lasttoken", "lasttoken"},
};

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Json read_json(const std::filesystem::path& path) {
  try {
    return parse_json(read_file(path.string(), kFileBytesMax));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    fail(ErrorCode::corrupt_file, "{}: is not valid JSON: {}", path.string(), error.what());
  }
}

Json read_json_object(const std::filesystem::path& path) {
  Json value = read_json(path);
  if (value.is_object()) return value;
  fail(ErrorCode::corrupt_file, "{}: is {}, expected a JSON object", path.string(), value.type_name());
}

// A folder of the checkpoint's own, or the checkpoint: the list must not reach elsewhere.
bool is_plain_folder(std::string_view name) {
  return name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

// The modes that are true, or those named by pooling_mode.
std::vector<Pooling> read_pooling(const ConfigReader& config) {
  std::vector<Pooling> found;
  std::vector<std::string> words;
  if (const Json* mode = config.find("pooling_mode")) {
    const Json::Array modes = mode->is_array() ? mode->as_array() : Json::Array{*mode};
    for (const Json& word : modes) words.push_back(word.is_string() ? word.as_string() : std::string());
  }
  for (const PoolingName& name : kPoolings) {
    const bool is_named = std::ranges::find(words, name.word) != words.end();
    if (is_named || (words.empty() && config.boolean(name.key, false))) found.push_back(name.pooling);
  }
  if (found.size() == std::max<size_t>(1, words.size()) || (words.empty() && !found.empty())) return found;
  fail(ErrorCode::unsupported, "{}: asks for a pooling that is not computed ({} are)", config.file(), known_poolings());
}

VectorStepSpec::Function read_function(const ConfigReader& config) {
  using Function = VectorStepSpec::Function;
  constexpr std::pair<std::string_view, Function> kNames[] = {
      {"Identity", Function::none}, {"Tanh", Function::tanh}, {"ReLU", Function::relu},
      {"GELU", Function::gelu},     {"SiLU", Function::silu}, {"Sigmoid", Function::sigmoid}};
  const std::string path = config.text("activation_function", "torch.nn.modules.activation.Tanh");
  const std::string_view name = std::string_view(path).substr(path.rfind('.') + 1);
  const auto found = std::ranges::find(kNames, name, &std::pair<std::string_view, Function>::first);
  if (found != std::end(kNames)) return found->second;
  fail(ErrorCode::unsupported,
       "{}: activation_function '{}' is not computed (Identity, Tanh, ReLU, GELU, SiLU, Sigmoid are)", config.file(),
       shown(name));
}

class FolderReader {
 public:
  explicit FolderReader(const std::string& folder) : folder_(folder) {}

  SentenceModules read() {
    const std::filesystem::path list = folder_ / "modules.json";
    if (is_there(list)) {
      const Json modules = read_json(list);
      if (!modules.is_array() || modules.as_array().empty() || modules.as_array().size() > kModulesMax) {
        fail(ErrorCode::corrupt_file, "{}: is not a list of 1 to {} modules", list.string(), kModulesMax);
      }
      for (const Json& module : modules.as_array()) add(module, list.string());
    }
    read_length("sentence_bert_config.json");
    return std::move(found_);
  }

 private:
  void add(const Json& module, const std::string& list) {
    const Json *type = module.find("type"), *path = module.find("path");
    if (type == nullptr || !type->is_string() || (path != nullptr && !path->is_string()) ||
        (path != nullptr && !is_plain_folder(path->as_string()))) {
      fail(ErrorCode::corrupt_file, "{}: a module has no \"type\", or a \"path\" that is no folder beside it", list);
    }
    const std::string name = type->as_string().substr(type->as_string().rfind('.') + 1);
    const std::string at = path == nullptr ? std::string() : path->as_string();
    if (name == "Transformer") return;
    if (name == "Normalize") {
      found_.is_normalized = true;
      return;
    }
    if (found_.is_normalized) {
      fail(ErrorCode::unsupported, "{}: module '{}' behind Normalize is not computed", list, shown(name));
    }
    if (name == "Pooling") return add_pooling(at);
    if (name == "Dense") return add_dense(at);
    if (name == "LogitScore") return add_answers(at);
    if (name == "Dropout") return;
    fail(ErrorCode::unsupported,
         "{}: module '{}' is not computed (Transformer, Pooling, Dense, Normalize, LogitScore are)", list, shown(name));
  }

  void add_pooling(const std::string& folder) {
    const std::filesystem::path file = folder_ / folder / "config.json";
    const Json json = read_json_object(file);
    found_.pooling = read_pooling(ConfigReader(json, file.string()));
  }

  void add_dense(const std::string& folder) {
    const std::filesystem::path file = folder_ / folder / "config.json";
    const Json json = read_json_object(file);
    const ConfigReader config(json, file.string());
    found_.steps.push_back({.linear = "linear",
                            .outputs = config.integer("out_features", 1, kWidthMax),
                            .folder = folder,
                            .function = read_function(config)});
  }

  void add_answers(const std::string& folder) {
    const std::filesystem::path file = folder_ / folder / "config.json";
    const Json json = read_json_object(file);
    const ConfigReader config(json, file.string());
    found_.is_reranker = true;
    found_.answers = {config.integer("true_token_id", 0, kVocabMax)};
    if (config.find("false_token_id") != nullptr) {
      found_.answers.push_back(config.integer("false_token_id", 0, kVocabMax));
    }
  }

  void read_length(const char* name) {
    const std::filesystem::path file = folder_ / name;
    if (!is_there(file)) return;
    const Json json = read_json_object(file);
    found_.tokens_max = ConfigReader(json, file.string()).integer("max_seq_length", 0, 1 << 30, 0);
  }

  std::filesystem::path folder_;
  SentenceModules found_;
};

// Numbers of llama.cpp's: 0 none, 1 mean, 2 the first row, 3 the last, 4 a class for scores.
SentenceModules read_metadata(const Metadata& metadata) {
  SentenceModules found;
  const std::string prefix = fmt::format("{}.", gguf_architecture(metadata));
  const std::string key = prefix + "pooling_type";
  switch (const int64_t type = metadata.get_int(key).value_or(0); type) {
    case 0:
      break;
    case 1:
      found.pooling = {Pooling::mean};
      break;
    case 2:
      found.pooling = {Pooling::cls};
      break;
    case 3:
      found.pooling = {Pooling::last};
      break;
    case 4:
      found.is_reranker = true;
      break;
    default:
      fail(ErrorCode::unsupported, "{}: metadata key '{}' is {}, expected 0 to 4", metadata.source, shown(key), type);
  }
  if (const auto* labels = metadata.get_strings(prefix + "classifier.output_labels")) {
    for (const std::string_view label : *labels) found.labels.emplace_back(label);
  }
  return found;
}

}  // namespace

SentenceModules read_sentence_modules(const WeightSource& source) {
  if (const Metadata* metadata = source.metadata()) return read_metadata(*metadata);
  if (source.files().empty()) return {};
  return FolderReader(source.path()).read();
}

std::string pooling_names(const std::vector<Pooling>& pooling) {
  std::string names;
  for (const PoolingName& name : kPoolings) {
    if (std::ranges::find(pooling, name.pooling) == pooling.end()) continue;
    names += (names.empty() ? "" : "+") + std::string(name.name);
  }
  return names;
}

std::optional<Pooling> parse_pooling(std::string_view name) {
  const auto* const found = std::ranges::find(kPoolings, name, &PoolingName::name);
  return found == std::end(kPoolings) ? std::nullopt : std::optional(found->pooling);
}

std::string known_poolings() {
  std::string names;
  for (const PoolingName& name : kPoolings) names += (names.empty() ? "" : ", ") + std::string(name.name);
  return names;
}

}  // namespace estoc
