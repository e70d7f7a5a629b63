#include "tokenizer/word_piece_model.h"

#include "tokenizer/unicode.h"

namespace estoc {
namespace {

bool has_more_characters(std::string_view text, size_t count) {
  if (text.size() <= count) return false;
  for (size_t at = 0; at < text.size(); at += character_at(text, at).bytes) {
    if (count-- == 0) return true;
  }
  return false;
}

}  // namespace

void WordPieceModel::encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
  const size_t before = out.size();
  bool is_known = !has_more_characters(piece, parts_.characters_max);
  for (size_t start = 0; is_known && start < piece.size();) {
    const ByteTrie& trie = start == 0 ? parts_.beginnings : parts_.rests;
    TokenId longest = -1;
    size_t end = start;
    uint32_t node = ByteTrie::kRoot;
    for (size_t at = start; at < piece.size(); ++at) {
      node = trie.child(node, piece[at]);
      if (node == ByteTrie::kNone) break;
      if (trie.value(node) < 0) continue;
      longest = trie.value(node);
      end = at + 1;
    }
    is_known = longest >= 0;
    if (is_known) out.push_back(longest);
    start = end;
  }
  if (is_known) return;
  out.resize(before);
  out.push_back(parts_.unknown);
}

}  // namespace estoc
