// Keys by which equal expressions are found to be one. Internal to the room.
#pragma once

#include <cstring>
#include <string>

namespace estoc::grammar {

template <typename T>
void append_bytes(std::string& key, const T& value) {
  const size_t at = key.size();
  key.resize(at + sizeof(T));
  std::memcpy(key.data() + at, &value, sizeof(T));
}

template <typename... Values>
std::string key_of(const Values&... values) {
  std::string key;
  (append_bytes(key, values), ...);
  return key;
}

}  // namespace estoc::grammar
