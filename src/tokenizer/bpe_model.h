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
#include "tokenizer/piece_model.h"

namespace estoc {

class BpeModel final : public PieceModel {
 public:
  // What the loaders fill in. Texts are raw bytes when `by_bytes`, else the spelling as it stands in the vocabulary.
  struct Parts {
    bool by_bytes = false;       // start from single bytes; else from UTF-8 characters
    bool ignore_merges = false;  // a piece that is a token is that token, whatever the merges say
    bool fuse_unknown = false;   // neighbouring unknown characters give one unknown token
    // How the vocabulary writes characters that do not begin a word, and the one that ends it.
    std::string inner_prefix, end_suffix;
    TextTable texts;               // the tokens that text can become; ids below `vocab_count`
    TextTable virtual_characters;  // characters that are no token but part of one, by symbol: `vocab_count` and up
    std::vector<std::string> virtual_texts;  // the same characters in the order of their symbols
    PairTable merges;
    // Instead of those: neighbours merge to the token that their text is, the lowest id first. All bytes are tokens.
    bool merges_texts = false;
    int vocab_count = 0;
    std::array<TokenId, 256> byte_tokens;  // the token of each byte when characters may fall back to bytes, else -1
    std::optional<TokenId> unknown;
    // No token contains a U+2581 after another character, so text may be cut in front of such a mark (a long text
    // without other splits is then merged word by word with the same result).
    bool cuts_at_marks = false;

    Parts() { byte_tokens.fill(-1); }
  };

  explicit BpeModel(Parts parts);

  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& out) const;
  // The token that a word is as a whole, before any merging.
  std::optional<TokenId> whole_token(std::string_view word) const;
  void start_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  // As the vocabulary spells a character at its place in a word.
  std::string affixed(std::string_view character, bool is_first, bool is_last) const;
  std::optional<int32_t> symbol_of(std::string_view character, bool is_first, bool is_last) const;
  // Appends the byte tokens of a text; false when not all exist.
  bool append_bytes(std::string_view text, std::vector<TokenId>& out) const;

  enum class Whole : uint8_t { untried, yes, no };
  Parts parts_;
  bool has_affixes_ = false;
  // The symbol of each single byte at the start and the end of a word or elsewhere, or -1.
  std::array<std::array<std::array<int32_t, 256>, 2>, 2> byte_symbols_;
  mutable std::unique_ptr<std::atomic<Whole>[]> merges_whole_;  // by token id
};

}  // namespace estoc
