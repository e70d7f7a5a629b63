#include "tokenizer/chars_map.h"

#include <utf8proc.h>

#include <cstring>

#include "base/error.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr size_t kBytesMax = size_t{16} << 20;  // real ones have a quarter of a megabyte
// What one character may become; the longest of Unicode, U+FDFA, becomes 33 bytes.
constexpr size_t kTextBytesMax = 128;
constexpr size_t kWholeBytesMax = 5;  // of a user-perceived character that is looked up as a whole

// A unit of the double array.
uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
uint32_t label_of(uint32_t unit) { return unit & ((1u << 31) | 0xFF); }
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t value_of(uint32_t unit) { return unit & ((1u << 31) - 1); }

// Where the user-perceived character at text[at] ends.
size_t end_of_cluster(std::string_view text, size_t at) {
  Character c = character_at(text, at);
  size_t end = at + c.bytes;
  utf8proc_int32_t state = 0;
  while (end < text.size() && c.code_point != kBrokenByte) {
    const Character next = character_at(text, end);
    if (next.code_point == kBrokenByte) break;
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(c.code_point),
                                         static_cast<utf8proc_int32_t>(next.code_point), &state)) {
      break;
    }
    end += next.bytes;
    c = next;
  }
  return end;
}

}  // namespace

CharsMap::CharsMap(std::string_view bytes, const std::string& where) {
  uint32_t trie_bytes = 0;
  if (bytes.size() < sizeof(trie_bytes) || bytes.size() > kBytesMax)
    fail(ErrorCode::corrupt_file, "{}: the map of characters has {} bytes, expected 4 to {}", where, bytes.size(),
         kBytesMax);
  std::memcpy(&trie_bytes, bytes.data(), sizeof(trie_bytes));
  bytes.remove_prefix(sizeof(trie_bytes));
  if (trie_bytes > bytes.size() || trie_bytes % sizeof(uint32_t) != 0)
    fail(ErrorCode::corrupt_file, "{}: the map of characters gives its trie {} bytes of {}", where, trie_bytes,
         bytes.size());
  units_.resize(trie_bytes / sizeof(uint32_t));
  if (!units_.empty()) std::memcpy(units_.data(), bytes.data(), trie_bytes);
  texts_ = std::string(bytes.substr(trie_bytes));
  for (size_t at = 0; at < texts_.size();) {
    const size_t end = std::min(texts_.find('\0', at), texts_.size());
    if (end - at > kTextBytesMax)
      fail(ErrorCode::corrupt_file, "{}: the map of characters makes {} bytes of one character, expected at most {}",
           where, end - at, kTextBytesMax);
    at = end + 1;
  }
}

std::optional<std::string_view> CharsMap::text_at(uint32_t offset) const {
  if (offset >= texts_.size()) return std::nullopt;
  return std::string_view(texts_).substr(offset, std::min(texts_.find('\0', offset), texts_.size()) - offset);
}

std::optional<CharsMap::Match> CharsMap::find(std::string_view text, bool first) const {
  if (units_.empty()) return std::nullopt;
  std::optional<Match> match;
  uint32_t at = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= units_.size() || label_of(units_[at]) != byte) break;
    const uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (at >= units_.size()) break;
    if (const auto becomes = text_at(value_of(units_[at]))) match = Match{i + 1, *becomes};
    if (first) break;
  }
  return match;
}

std::string precompiled_normalized(std::string_view text, const CharsMap& map) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = end_of_cluster(text, at);
    if (end - at <= kWholeBytesMax) {
      const std::string_view whole = text.substr(at, end - at);
      const auto match = map.shortest(whole);
      if (match) {
        out += match->text;
        at = end;
        continue;
      }
    }
    while (at < end) {
      const std::string_view character = text.substr(at, character_at(text, at).bytes);
      const auto match = map.shortest(character);
      out += match ? match->text : character;
      at += character.size();
    }
  }
  return out;
}

}  // namespace estoc
