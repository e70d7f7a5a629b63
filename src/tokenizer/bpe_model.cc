#include "tokenizer/bpe_model.h"

#include <algorithm>

#include "tokenizer/merge.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581
// A longer text is cut: positions inside a piece are 32-bit.
constexpr size_t kPieceBytesMax = size_t{1} << 30;

// The start of the next word after `from`: a mark that follows another character. text.size() when there is none.
size_t next_cut(std::string_view text, size_t from) {
  for (size_t at = text.find(kMark, from); at != std::string_view::npos; at = text.find(kMark, at + kMark.size())) {
    if (at > 0 && (at < kMark.size() || text.substr(at - kMark.size(), kMark.size()) != kMark)) return at;
  }
  return text.size();
}

}  // namespace

BpeModel::BpeModel(Parts parts) : parts_(std::move(parts)) {
  const auto vocab_count = static_cast<size_t>(parts_.vocab_count);
  merges_whole_ = std::make_unique<std::atomic<Whole>[]>(vocab_count);
  for (size_t i = 0; i < vocab_count; ++i) merges_whole_[i].store(Whole::untried, std::memory_order_relaxed);
  has_affixes_ = !parts_.inner_prefix.empty() || !parts_.end_suffix.empty();
  for (const bool is_first : {false, true}) {
    for (const bool is_last : {false, true}) {
      for (size_t byte = 0; byte < 256; ++byte) {
        const char text = static_cast<char>(byte);
        byte_symbols_[is_first][is_last][byte] =
            parts_.texts.find(affixed(std::string_view(&text, 1), is_first, is_last)).value_or(-1);
      }
    }
  }
}

void BpeModel::encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
  while (!piece.empty()) {
    size_t bytes = std::min(piece.size(), kPieceBytesMax);
    if (parts_.cuts_at_marks) bytes = std::min(bytes, next_cut(piece, 1));
    encode_word(piece.substr(0, bytes), out);
    piece.remove_prefix(bytes);
  }
}

std::optional<TokenId> BpeModel::whole_token(std::string_view word) const {
  if (parts_.end_suffix.empty()) return parts_.texts.find(word);
  return parts_.texts.find(std::string(word).append(parts_.end_suffix));
}

void BpeModel::encode_word(std::string_view word, std::vector<TokenId>& out) const {
  if (parts_.ignore_merges) {
    if (const auto id = parts_.texts.find(word)) {
      out.push_back(*id);
      return;
    }
  }
  const std::optional<TokenId> whole = whole_token(word);
  const auto remembered =
      whole ? merges_whole_[static_cast<size_t>(*whole)].load(std::memory_order_relaxed) : Whole::no;
  if (remembered == Whole::yes) {
    out.push_back(*whole);
    return;
  }
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  start_symbols(word, symbols);
  if (parts_.merges_texts) {
    merge_texts(parts_.texts, word, symbols);
  } else {
    merge_symbols(parts_.merges, symbols);
  }
  if (remembered == Whole::untried) {
    const bool is_whole = symbols.size() == 1 && symbols[0] == *whole;
    merges_whole_[static_cast<size_t>(*whole)].store(is_whole ? Whole::yes : Whole::no, std::memory_order_relaxed);
  }
  bool after_unknown = false;
  for (const int32_t symbol : symbols) {
    if (symbol < parts_.vocab_count) {
      out.push_back(symbol);
      after_unknown = false;
    } else if (append_bytes(parts_.virtual_texts[static_cast<size_t>(symbol - parts_.vocab_count)], out)) {
      after_unknown = false;
    } else if (parts_.unknown) {
      if (!after_unknown || !parts_.fuse_unknown) out.push_back(*parts_.unknown);
      after_unknown = true;
    }
  }
}

// An unknown character's token comes when the next known one does, so that bytes of others in between stand before it:
// the order that vocabularies are trained with.
void BpeModel::start_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  bool is_unknown_due = false;
  for (size_t at = 0; at < word.size();) {
    const size_t bytes = parts_.by_bytes ? 1 : character_at(word, at).bytes;
    const std::string_view text = word.substr(at, bytes);
    const bool is_first = at == 0;
    at += bytes;
    const bool is_last = at == word.size();
    if (const auto symbol = symbol_of(text, is_first, is_last)) {
      if (is_unknown_due) symbols.push_back(*parts_.unknown);
      is_unknown_due = false;
      symbols.push_back(*symbol);
      continue;
    }
    if (append_bytes(has_affixes_ ? affixed(text, is_first, is_last) : std::string(text), symbols)) continue;
    if (!parts_.unknown) continue;
    if (is_unknown_due && !parts_.fuse_unknown) symbols.push_back(*parts_.unknown);
    is_unknown_due = true;
  }
  if (is_unknown_due) symbols.push_back(*parts_.unknown);
}

std::string BpeModel::affixed(std::string_view character, bool is_first, bool is_last) const {
  std::string text(is_first ? "" : parts_.inner_prefix);
  text += character;
  if (is_last) text += parts_.end_suffix;
  return text;
}

std::optional<int32_t> BpeModel::symbol_of(std::string_view character, bool is_first, bool is_last) const {
  if (character.size() == 1) {
    const int32_t symbol = byte_symbols_[is_first][is_last][static_cast<unsigned char>(character[0])];
    if (symbol >= 0) return symbol;
  } else if (const auto symbol = has_affixes_ ? parts_.texts.find(affixed(character, is_first, is_last))
                                              : parts_.texts.find(character)) {
    return symbol;
  }
  return parts_.virtual_characters.find(character);
}

bool BpeModel::append_bytes(std::string_view text, std::vector<TokenId>& out) const {
  const auto token_of = [&](char byte) { return parts_.byte_tokens[static_cast<unsigned char>(byte)]; };
  if (!std::all_of(text.begin(), text.end(), [&](char byte) { return token_of(byte) >= 0; })) return false;
  for (const char byte : text) out.push_back(token_of(byte));
  return true;
}

}  // namespace estoc
