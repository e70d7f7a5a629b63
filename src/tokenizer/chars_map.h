// SentencePiece's precompiled map of characters: a trie of byte strings (a double array) and the text that each
// becomes. Vocabularies carry one as bytes (precompiled_charsmap), made from a Unicode normal form and rules of their
// own. Immutable; safe from any thread. The constructor throws Error{corrupt_file}; look-ups trust no offset in the
// file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estoc {

class CharsMap {
 public:
  // `where` names the place of the bytes in messages.
  CharsMap(std::string_view bytes, const std::string& where);

  struct Match {
    size_t bytes;           // of the text, which begins with them
    std::string_view text;  // what they become
  };
  // The shortest and the longest string of the map that begins the text.
  std::optional<Match> shortest(std::string_view text) const { return find(text, true); }
  std::optional<Match> longest(std::string_view text) const { return find(text, false); }

 private:
  std::optional<Match> find(std::string_view text, bool first) const;
  std::optional<std::string_view> text_at(uint32_t offset) const;

  std::vector<uint32_t> units_;
  std::string texts_;  // each ends with a zero byte
};

// The whole text by a map as Hugging Face's "Precompiled" applies it: user-perceived characters of fewer than six bytes
// are looked up as a whole, and the shortest string that begins one stands for all of it.
std::string precompiled_normalized(std::string_view text, const CharsMap& map);

}  // namespace estoc
