#include "base/shown.h"

namespace estoc {

std::string shown(std::string_view name) {
  constexpr size_t kLengthMax = 100;
  std::string text(name.substr(0, kLengthMax));
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) c = '?';
  }
  if (name.size() > kLengthMax) text += "...";
  return text;
}

}  // namespace estoc
