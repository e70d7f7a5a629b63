// A piece is a token or unknown. Immutable; safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/flat_table.h"
#include "tokenizer/piece_model.h"

namespace estoc {

class WordLevelModel final : public PieceModel {
 public:
  WordLevelModel(TextTable words, TokenId unknown) : words_(std::move(words)), unknown_(unknown) {}
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const override {
    out.push_back(words_.find(piece).value_or(unknown_));
  }

 private:
  TextTable words_;
  TokenId unknown_;
};

}  // namespace estoc
