// Writes safetensors bytes for tests: a header, right or wrong, and data.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace estoc {

inline std::string safetensors_text(std::string_view header, std::string_view data) {
  const uint64_t length = header.size();
  std::string text(sizeof length, '\0');
  std::memcpy(text.data(), &length, sizeof length);
  return text.append(header).append(data);
}

}  // namespace estoc
