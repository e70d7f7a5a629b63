#include "tokenizer/whole_characters.h"

#include "base/utf8.h"

namespace estoc {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The bytes of a broken sequence that are replaced together: as many as could have begun a character.
size_t broken_bytes(std::string_view text) {
  size_t bytes = 1;
  while (bytes < text.size() && utf8_sequence_bytes(text.substr(0, bytes + 1)) == 0) ++bytes;
  return bytes;
}

// Returns where the undecided rest starts.
size_t append_decided(std::string_view bytes, std::string& out) {
  size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at, 4);
    const int length = utf8_sequence_bytes(rest);
    if (length == 0) break;
    if (length > 0) {
      out += rest.substr(0, static_cast<size_t>(length));
      at += static_cast<size_t>(length);
    } else {
      out += kReplacement;
      at += broken_bytes(rest);
    }
  }
  return at;
}

}  // namespace

void move_whole_characters(std::string& held, std::string& out) { held.erase(0, append_decided(held, out)); }

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  if (append_decided(bytes, out) < bytes.size()) out += kReplacement;
  return out;
}

}  // namespace estoc
