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
  for (size_t byte = 0; byte < 256; ++byte) {
    const char text = static_cast<char>(byte);
    byte_symbols_[byte] = parts_.texts.find(std::string_view(&text, 1)).value_or(-1);
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

void BpeModel::encode_word(std::string_view word, std::vector<TokenId>& out) const {
  const std::optional<TokenId> whole = parts_.texts.find(word);
  const auto remembered =
      whole ? merges_whole_[static_cast<size_t>(*whole)].load(std::memory_order_relaxed) : Whole::no;
  if (whole && (parts_.ignore_merges || remembered == Whole::yes)) {
    out.push_back(*whole);
    return;
  }
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  if (parts_.by_bytes) {
    start_from_bytes(word, symbols);
  } else {
    start_from_characters(word, symbols);
  }
  merge_symbols(parts_.merges, symbols);
  if (remembered == Whole::untried) {
    const bool is_whole = symbols.size() == 1 && symbols[0] == *whole;
    merges_whole_[static_cast<size_t>(*whole)].store(is_whole ? Whole::yes : Whole::no, std::memory_order_relaxed);
  }
  bool after_unknown = false;
  for (const int32_t symbol : symbols) {
    if (symbol < parts_.vocab_count) {
      out.push_back(symbol);
      after_unknown = false;
    } else {
      append_fallback(parts_.virtual_texts[static_cast<size_t>(symbol - parts_.vocab_count)], after_unknown, out);
    }
  }
}

void BpeModel::start_from_bytes(std::string_view word, std::vector<int32_t>& symbols) const {
  bool after_unknown = false;
  for (const char byte : word) {
    const int32_t symbol = byte_symbols_[static_cast<unsigned char>(byte)];
    if (symbol >= 0) {
      symbols.push_back(symbol);
      after_unknown = false;
    } else {
      append_fallback(std::string_view(&byte, 1), after_unknown, symbols);
    }
  }
}

void BpeModel::start_from_characters(std::string_view word, std::vector<int32_t>& symbols) const {
  bool after_unknown = false;
  for (size_t at = 0; at < word.size();) {
    const std::string_view text = word.substr(at, character_at(word, at).bytes);
    at += text.size();
    std::optional<int32_t> symbol = parts_.texts.find(text);
    if (!symbol) symbol = parts_.virtual_characters.find(text);
    if (symbol) {
      symbols.push_back(*symbol);
      after_unknown = false;
    } else {
      append_fallback(text, after_unknown, symbols);
    }
  }
}

void BpeModel::append_fallback(std::string_view character, bool& after_unknown, std::vector<TokenId>& out) const {
  const auto token_of = [&](char byte) { return parts_.byte_tokens[static_cast<unsigned char>(byte)]; };
  if (std::all_of(character.begin(), character.end(), [&](char byte) { return token_of(byte) >= 0; })) {
    for (const char byte : character) out.push_back(token_of(byte));
    after_unknown = false;
  } else if (parts_.unknown) {
    if (!after_unknown || !parts_.fuse_unknown) out.push_back(*parts_.unknown);
    after_unknown = true;
  }
}

}  // namespace estoc
