// The goldens of tokenizers and how they are read. For tests only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

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
