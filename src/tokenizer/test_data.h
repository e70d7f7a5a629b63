// Where the tests of this folder find their data. For tests only.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

// A file of the shared test data; it may be absent.
inline std::string shared_path(const std::string& name) {
  const char* folder = std::getenv("ESTOC_SHARED");
  return std::string(folder != nullptr ? folder : ESTOC_SOURCE_DIR "/../shared") + "/data/" + name;
}

inline bool has_shared(const std::string& name) { return std::filesystem::exists(shared_path(name)); }

inline Json read_golden(const std::string& name) {
  return parse_json(read_file(std::string(ESTOC_SOURCE_DIR) + "/tests/golden/" + name));
}

inline std::vector<TokenId> ids_of(const Json& json) {
  std::vector<TokenId> ids;
  for (const Json& id : json.as_array()) ids.push_back(static_cast<TokenId>(id.as_int()));
  return ids;
}

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = true};
constexpr EncodeOptions kAsText{.add_special = false, .parse_special = false};

}  // namespace estoc
