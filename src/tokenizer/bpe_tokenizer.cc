#include "tokenizer/bpe_tokenizer.h"

#include <algorithm>

#include "base/check.h"
#include "tokenizer/whole_characters.h"

namespace estoc {

BpeTokenizer::BpeTokenizer(TokenizerParts parts) : parts_(std::move(parts)), model_(std::move(parts_.model)) {
  ESTOC_CHECK(parts_.token_bytes.size() == parts_.is_special.size());
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> out;
  out.reserve(text.size() / 3 + 8);
  if (options.add_special) out = parts_.prefix;
  parts_.raw_tokens.split(
      text, options.parse_special,
      [&](std::string_view stretch) {
        encode_stretch(stretch, stretch.data() == text.data(), options.parse_special, out);
      },
      [&](TokenId id) { out.push_back(id); });
  if (options.add_special) out.insert(out.end(), parts_.suffix.begin(), parts_.suffix.end());
  return out;
}

void BpeTokenizer::encode_stretch(std::string_view text, bool is_at_start, bool parse_special,
                                  std::vector<TokenId>& out) const {
  const std::string normalized = parts_.normalizer.apply(text);
  std::vector<std::string_view> pieces;
  std::string piece_text;
  parts_.normalized_tokens.split(
      normalized, parse_special,
      [&](std::string_view stretch) {
        piece_text = stretch;
        parts_.pre_tokenizer.split(piece_text, is_at_start && stretch.data() == normalized.data(), pieces);
        for (const std::string_view piece : pieces) model_.encode_piece(piece, out);
      },
      [&](TokenId id) { out.push_back(id); });
}

std::string BpeTokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string bytes;
  for (const TokenId id : ids) {
    if (!skip_special || !is_special(id)) bytes += token_bytes(id);
  }
  std::string_view text = bytes;
  if (parts_.strips_leading_space && text.starts_with(' ')) text.remove_prefix(1);
  return to_valid_utf8(text);
}

std::string_view BpeTokenizer::token_bytes(TokenId id) const {
  return is_known(id) ? std::string_view(parts_.token_bytes[static_cast<size_t>(id)]) : std::string_view();
}

bool BpeTokenizer::is_special(TokenId id) const { return is_known(id) && parts_.is_special[static_cast<size_t>(id)]; }

bool BpeTokenizer::adds_bos() const {
  return parts_.bos && std::find(parts_.prefix.begin(), parts_.prefix.end(), *parts_.bos) != parts_.prefix.end();
}

}  // namespace estoc
