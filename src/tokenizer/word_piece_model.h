// WordPiece: a word is cut into the longest token that begins it, then the longest that goes on, and so forth; where
// nothing goes on, the whole word is unknown. Immutable; safe from any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tokenizer/byte_trie.h"
#include "tokenizer/flat_table.h"
#include "tokenizer/piece_model.h"

namespace estoc {

class WordPieceModel final : public PieceModel {
 public:
  struct Parts {
    ByteTrie beginnings;  // tokens that begin a word
    ByteTrie rests;       // tokens inside a word, without the prefix that marks them
    TokenId unknown = 0;
    size_t characters_max = 100;  // of a word; a longer one is unknown
  };

  explicit WordPieceModel(Parts parts) : parts_(std::move(parts)) {}
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  Parts parts_;
};

}  // namespace estoc
