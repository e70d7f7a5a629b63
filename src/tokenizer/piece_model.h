// What turns one piece of text into ids: the last step of encoding, and the only one that knows the vocabulary.
// Immutable for callers and safe from any thread; encode_piece never throws, whatever the bytes.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"

namespace estoc {

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // Appends the ids of a piece: normalised, already split, without special tokens.
  virtual void encode_piece(std::string_view piece, std::vector<TokenId>& out) const = 0;
};

}  // namespace estoc
