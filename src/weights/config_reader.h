// Typed reading of a model's config with errors that name the file and the key, as the file spells it: the key of
// config.json, or of a GGUF file's metadata. A view: the source must outlive it. A value that is null counts as absent.
// All throw Error{corrupt_file}: "x/config.json: hidden_size is missing", "x.gguf: llama.embedding_length is 0,
// expected an integer from 1 to 1048576".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "weights/weight_source.h"

namespace estoc {

// A family's own name of a key that others call as Llama does.
struct ConfigAlias {
  std::string_view own, usual;  // "n_embd", "hidden_size"
};

class ConfigReader {
 public:
  explicit ConfigReader(const WeightSource& source);
  // Of a config in memory; `file` is used in messages.
  ConfigReader(const Json& config, std::string file) : config_(&config), file_(std::move(file)) {}

  // The same config, which may have keys under their own names: they come before the usual ones.
  ConfigReader with(std::span<const ConfigAlias> aliases) const;
  // The same file, whose values were changed: `config` must outlive it.
  ConfigReader of(const Json& config) const;

  // An integer within [low, high]. Without a fallback the key is required; a fallback that other keys gave must lie
  // there too.
  int integer(std::string_view key, int low, int high) const;
  int integer(std::string_view key, int low, int high, int fallback) const;
  double number(std::string_view key, double low, double high) const;
  double number(std::string_view key, double low, double high, double fallback) const;
  bool boolean(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  // The object under `key`, empty when there is none.
  ConfigReader object(std::string_view key) const;

  const Json& json() const { return *config_; }
  const std::string& file() const { return file_; }
  const Json* find(std::string_view key) const;      // nullptr when absent or null
  std::string spelling(std::string_view key) const;  // of a key in this object, as the file has it

 private:
  // Under which name the config has it.
  std::string_view name_of(std::string_view key) const;
  [[noreturn]] void wrong(std::string_view key, std::string_view expected) const;

  const Json* config_;
  std::string file_;
  std::string parent_;             // "rope_scaling." inside that object
  std::string gguf_architecture_;  // empty for config.json
  std::span<const ConfigAlias> aliases_;
};

}  // namespace estoc
