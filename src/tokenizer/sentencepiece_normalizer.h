// What SentencePiece does to a text before it looks for tokens: its map of characters, spaces shown as U+2581, one more
// in front, no more than one in a row. Immutable; safe from any thread; apply never throws.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/byte_trie.h"
#include "tokenizer/chars_map.h"

namespace estoc {

struct SentencePieceNormalizer {
  std::optional<CharsMap> map;
  ByteTrie kept;  // user-defined tokens, which the map does not touch
  bool adds_space = true;
  bool removes_extra_spaces = true;
  bool escapes_spaces = true;

  std::string apply(std::string_view text) const;

 private:
  // What the text begins with after the map, and how many bytes of it that is.
  struct Prefix {
    std::string_view text;
    size_t bytes;
  };
  Prefix prefix_of(std::string_view text) const;
};

}  // namespace estoc
