#include "checkpoint/template_source.h"

#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "weights/metadata.h"

namespace estoc {
namespace {

constexpr size_t kTemplateBytesMax = 8 << 20;

Json read_json_file(const std::string& path) {
  try {
    return parse_json(read_file(path, size_t{64} << 20));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    fail(ErrorCode::corrupt_file, "{}: {}", path, error.what());
  }
}

std::optional<std::string> from_config(const std::string& path) {
  const Json config = read_json_file(path);
  const Json* value = config.find("chat_template");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string()) return value->as_string();
  if (value->is_array()) {
    for (const Json& item : value->as_array()) {
      const Json* name = item.find("name");
      const Json* source = item.find("template");
      if (name != nullptr && source != nullptr && *name == Json("default") && source->is_string()) {
        return source->as_string();
      }
    }
    return std::nullopt;
  }
  fail(ErrorCode::corrupt_file, "{}: chat_template is {}, expected a string or a list", path, value->type_name());
}

}  // namespace

std::optional<std::string> template_source(const WeightSource& weights) {
  if (weights.metadata() != nullptr) {
    const auto source = weights.metadata()->get_string("tokenizer.chat_template");
    return source ? std::optional<std::string>(*source) : std::nullopt;
  }
  const std::filesystem::path folder = weights.path();
  if (std::filesystem::exists(folder / "chat_template.jinja")) {
    return read_file((folder / "chat_template.jinja").string(), kTemplateBytesMax);
  }
  if (!std::filesystem::exists(folder / "tokenizer_config.json")) return std::nullopt;
  return from_config((folder / "tokenizer_config.json").string());
}

}  // namespace estoc
