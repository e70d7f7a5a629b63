#include "tokenizer/unigram_model.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr TokenId kUnknown = -1;
// A longer piece is cut, which no honest text notices: a node costs 16 bytes.
constexpr size_t kPieceBytesMax = size_t{4} << 20;
constexpr size_t kShortBytes = 127;  // most words: their nodes lie on the stack

}  // namespace

void UnigramModel::encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
  while (piece.size() > kPieceBytesMax) {
    size_t cut = kPieceBytesMax;
    while (cut > kPieceBytesMax - 4 && (static_cast<unsigned char>(piece[cut]) & 0xC0) == 0x80) --cut;
    encode_part(piece.substr(0, cut), out);
    piece.remove_prefix(cut);
  }
  encode_part(piece, out);
}

void UnigramModel::encode_part(std::string_view piece, std::vector<TokenId>& out) const {
  Node short_ends[kShortBytes + 1];
  std::vector<Node> long_ends;
  Node* ends = short_ends;
  if (piece.size() > kShortBytes) {
    long_ends.resize(piece.size() + 1);
    ends = long_ends.data();
  }
  find_path(piece, ends);
  // Backwards, neighbouring unknown characters as one stretch.
  const size_t start = out.size();
  for (size_t end = piece.size(); end > 0;) {
    if (ends[end].id != kUnknown) {
      out.push_back(ends[end].id);
      end -= ends[end].bytes;
      continue;
    }
    const size_t stop = end;
    while (end > 0 && ends[end].id == kUnknown) end -= ends[end].bytes;
    const size_t before = out.size();
    append_unknown(piece.substr(end, stop - end), out);
    std::reverse(out.begin() + static_cast<ptrdiff_t>(before), out.end());
  }
  std::reverse(out.begin() + static_cast<ptrdiff_t>(start), out.end());
}

void UnigramModel::find_path(std::string_view piece, Node* ends) const {
  const auto offer = [&](size_t start, size_t end, double score, TokenId id) {
    Node& node = ends[end];
    double sum = ends[start].score + score;
    if (parts_.is_sentencepiece) sum = static_cast<double>(static_cast<float>(sum));
    if (node.bytes != 0 && sum <= node.score) return;
    node = {sum, static_cast<uint32_t>(end - start), id};
  };
  for (size_t at = 0; at < piece.size();) {
    const size_t character_bytes = character_at(piece, at).bytes;
    bool has_character = false;
    uint32_t node = ByteTrie::kRoot;
    for (size_t i = at; i < piece.size(); ++i) {
      node = parts_.tokens.child(node, piece[i]);
      if (node == ByteTrie::kNone) break;
      const int32_t id = parts_.tokens.value(node);
      if (id < 0) continue;
      offer(at, i + 1, parts_.scores[static_cast<size_t>(id)], id);
      has_character |= i + 1 - at == character_bytes;
    }
    if (!has_character) offer(at, at + character_bytes, parts_.unknown_score, kUnknown);
    at += character_bytes;
  }
}

void UnigramModel::append_unknown(std::string_view text, std::vector<TokenId>& out) const {
  const auto token_of = [&](char byte) { return parts_.byte_tokens[static_cast<unsigned char>(byte)]; };
  if (std::all_of(text.begin(), text.end(), [&](char byte) { return token_of(byte) >= 0; })) {
    for (const char byte : text) out.push_back(token_of(byte));
  } else if (parts_.unknown) {
    out.push_back(*parts_.unknown);
  }
}

}  // namespace estoc
