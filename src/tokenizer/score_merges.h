// SentencePiece's rule as a merge table: of all neighbours whose concatenation is a token, the one with the highest
// score merges first. Every way to cut a token into two symbols becomes one entry, ranked by the token's score.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/bpe_model.h"

namespace estoc {

struct ScoredToken {
  TokenId id;
  std::string_view spelling;
  float score;  // a number
};

// Fills in texts, virtual characters, merges and cuts_at_marks; `model.vocab_count` is set. Throws Error{corrupt_file}
// for a token longer than any real one.
void add_score_merges(const std::vector<ScoredToken>& tokens, std::string_view source, BpeModel::Parts& model);

// Whether a U+2581 follows another character somewhere in the spelling.
bool has_inner_mark(std::string_view spelling);

}  // namespace estoc
