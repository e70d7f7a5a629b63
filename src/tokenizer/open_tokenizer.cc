// open_tokenizer: which files of a folder are its tokenizer.
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tokenizer/tokenizer.h"

namespace estoc {
namespace {

using Parse = std::unique_ptr<Tokenizer> (*)(std::string_view file, std::string_view config_json,
                                             const std::string& source);

// A .model file is SentencePiece's, unless its lines are ranks.
std::unique_ptr<Tokenizer> parse_model_file(std::string_view file, std::string_view config_json,
                                            const std::string& source) {
  const bool is_text = !file.empty() && file[0] != '\n' && file[0] >= ' ';
  return is_text ? parse_tiktoken(file, config_json, source) : parse_sentencepiece(file, config_json, source);
}

// The first that is there counts.
constexpr struct {
  std::string_view name;
  Parse parse;
} kFiles[] = {
    {"tokenizer.json", parse_tokenizer_json}, {"tokenizer.model", parse_model_file},
    {"spiece.model", parse_sentencepiece},    {"sentencepiece.bpe.model", parse_sentencepiece},
    {"tiktoken.model", parse_tiktoken},       {"qwen.tiktoken", parse_tiktoken},
};

std::string config_beside(const std::filesystem::path& folder) {
  const std::string path = (folder / "tokenizer_config.json").string();
  return std::filesystem::exists(path) ? read_file(path) : std::string();
}

}  // namespace

std::unique_ptr<Tokenizer> open_tokenizer(const std::string& path) {
  const std::filesystem::path given(path);
  if (!std::filesystem::is_directory(given)) {
    const std::string extension = given.extension().string();
    const Parse parse = extension == ".model"      ? parse_model_file
                        : extension == ".tiktoken" ? parse_tiktoken
                                                   : parse_tokenizer_json;
    return parse(read_file(path), config_beside(given.parent_path()), path);
  }
  std::string names;
  for (const auto& [name, parse] : kFiles) {
    const std::string file = (given / name).string();
    if (std::filesystem::exists(file)) return parse(read_file(file), config_beside(given), file);
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorCode::not_found, "{}: has no tokenizer, expected one of {}", path, names);
}

}  // namespace estoc
