// A byte-pair vocabulary: turns one piece of text (no special tokens, already split) into ids.
//
// Built by the loaders, then immutable for callers and safe from any thread: the only thing that changes is a per-token
// flag, written atomically, that remembers whether the token's own text merges back into that token.
// encode_piece never throws.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "tokenizer/flat_table.h"

namespace estoc {

class BpeModel {
 public:
  // What the loaders fill in. Texts are raw bytes when `by_bytes`, else the spelling as it stands in the vocabulary.
  struct Parts {
    bool by_bytes = false;         // start from single bytes; else from UTF-8 characters
    bool ignore_merges = false;    // a piece that is a token is that token, whatever the merges say
    bool fuse_unknown = false;     // neighbouring unknown characters give one unknown token
    TextTable texts;               // the tokens that text can become; ids below `vocab_count`
    TextTable virtual_characters;  // characters that are no token but part of one, by symbol: `vocab_count` and up
    std::vector<std::string> virtual_texts;  // the same characters in the order of their symbols
    PairTable merges;
    int vocab_count = 0;
    std::array<TokenId, 256> byte_tokens;  // the token of each byte when characters may fall back to bytes, else -1
    std::optional<TokenId> unknown;
    // No token contains a U+2581 after another character, so text may be cut in front of such a mark (a long text
    // without other splits is then merged word by word with the same result).
    bool cuts_at_marks = false;

    Parts() { byte_tokens.fill(-1); }
  };

  explicit BpeModel(Parts parts);

  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const;
  std::optional<TokenId> find(std::string_view text) const { return parts_.texts.find(text); }

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& out) const;
  void start_from_bytes(std::string_view word, std::vector<int32_t>& symbols) const;
  void start_from_characters(std::string_view word, std::vector<int32_t>& symbols) const;
  // What a character without a symbol gives: its byte tokens when all exist, else the unknown token, else nothing.
  void append_fallback(std::string_view character, bool& after_unknown, std::vector<TokenId>& out) const;

  enum class Whole : uint8_t { untried, yes, no };
  Parts parts_;
  std::array<int32_t, 256> byte_symbols_;                       // the symbol of each single byte, or -1
  mutable std::unique_ptr<std::atomic<Whole>[]> merges_whole_;  // by token id
};

}  // namespace estoc
