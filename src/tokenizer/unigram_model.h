// Unigram: of all ways to cut a piece into tokens, the one whose scores sum up highest. Immutable; safe from any
// thread.
//
// Hugging Face and SentencePiece agree on this but for what changes ids of near ties: sums in double or float.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/byte_trie.h"
#include "tokenizer/piece_model.h"

namespace estoc {

class UnigramModel final : public PieceModel {
 public:
  struct Parts {
    ByteTrie tokens;             // that text may become
    std::vector<double> scores;  // by id
    double unknown_score = 0;    // of one character
    std::optional<TokenId> unknown;
    std::array<TokenId, 256> byte_tokens;  // of unknown characters, or -1
    bool is_sentencepiece = false;         // sums in float

    Parts() { byte_tokens.fill(-1); }
  };

  explicit UnigramModel(Parts parts) : parts_(std::move(parts)) {}
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  struct Node {
    double score = 0;    // of the best way to get here
    uint32_t bytes = 0;  // of the last token on it; 0 where no way is known
    TokenId id = -1;
  };
  void encode_part(std::string_view piece, std::vector<TokenId>& out) const;
  void find_path(std::string_view piece, Node* ends) const;
  void append_unknown(std::string_view text, std::vector<TokenId>& out) const;

  Parts parts_;
};

}  // namespace estoc
