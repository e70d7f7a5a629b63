#include "tokenizer/pipeline_tokenizer.h"

#include <algorithm>

#include "base/check.h"
#include "tokenizer/length_cut.h"
#include "tokenizer/whole_characters.h"

namespace estoc {

PipelineTokenizer::PipelineTokenizer(TokenizerParts parts)
    : parts_(std::move(parts)), prefix_(prefix_of(parts_.templates)), suffix_(suffix_of(parts_.templates)) {
  ESTOC_CHECK(parts_.model != nullptr);
  ESTOC_CHECK(parts_.token_bytes.size() == parts_.is_special.size());
  ESTOC_CHECK(parts_.decoder == nullptr || parts_.spelling_of.size() == parts_.token_bytes.size());
}

std::vector<TokenId> PipelineTokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> out;
  out.reserve(text.size() / 3 + 8);
  if (options.add_special) out = prefix_;
  encode_text(text, options.parse_special, out);
  if (options.add_special) out.insert(out.end(), suffix_.begin(), suffix_.end());
  return out;
}

SegmentedIds PipelineTokenizer::encode_segments(std::string_view text, EncodeOptions options) const {
  return fill(options.add_special ? parts_.templates.single : TextTemplates().single, encode_texts(text, {}, options));
}

SegmentedIds PipelineTokenizer::encode_pair(std::string_view first, std::string_view second,
                                            EncodeOptions options) const {
  return fill(options.add_special ? parts_.templates.pair : TextTemplates().pair, encode_texts(first, second, options));
}

SegmentedIds PipelineTokenizer::encode_cut(std::string_view first, std::optional<std::string_view> second,
                                           int tokens_max, bool cuts_left, EncodeOptions options) const {
  const TextTemplates templates = options.add_special ? parts_.templates : TextTemplates();
  const std::vector<TemplateItem>& items = second ? templates.pair : templates.single;
  TextPair texts = encode_texts(first, second.value_or(""), options);
  const auto around = std::ranges::count(items, TemplateItem::Kind::token, &TemplateItem::kind);
  cut_pair(texts, static_cast<size_t>(std::max<std::ptrdiff_t>(0, tokens_max - around)), cuts_left);
  return fill(items, texts);
}

TextPair PipelineTokenizer::encode_texts(std::string_view first, std::string_view second, EncodeOptions options) const {
  TextPair texts;
  encode_text(first, options.parse_special, texts.first);
  encode_text(second, options.parse_special, texts.second);
  return texts;
}

SegmentedIds PipelineTokenizer::fill(const std::vector<TemplateItem>& items, const TextPair& texts) {
  SegmentedIds out;
  for (const TemplateItem& item : items) {
    if (item.kind == TemplateItem::Kind::token) {
      out.ids.push_back(item.id);
    } else {
      const std::vector<TokenId>& ids = item.kind == TemplateItem::Kind::first ? texts.first : texts.second;
      out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    }
    out.segments.resize(out.ids.size(), item.segment);
  }
  return out;
}

void PipelineTokenizer::encode_text(std::string_view text, bool parse_special, std::vector<TokenId>& out) const {
  parts_.raw_tokens.split(
      text, parse_special,
      [&](std::string_view stretch) { encode_stretch(stretch, stretch.data() == text.data(), parse_special, out); },
      [&](TokenId id) { out.push_back(id); });
}

void PipelineTokenizer::encode_stretch(std::string_view text, bool is_at_start, bool parse_special,
                                       std::vector<TokenId>& out) const {
  const std::string normalized = parts_.normalizer.apply(text);
  std::vector<std::string_view> pieces;
  std::string piece_text;
  parts_.normalized_tokens.split(
      normalized, parse_special,
      [&](std::string_view stretch) {
        piece_text = stretch;
        parts_.pre_tokenizer.split(piece_text, is_at_start && stretch.data() == normalized.data(), pieces);
        for (const std::string_view piece : pieces) parts_.model->encode_piece(piece, out);
      },
      [&](TokenId id) { out.push_back(id); });
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  if (parts_.decoder != nullptr) {
    std::vector<std::string> spellings;
    for (const TokenId id : ids) {
      if (!is_known(id) || (skip_special && is_special(id))) continue;
      spellings.push_back(parts_.spelling_of[static_cast<size_t>(id)]);
    }
    return to_valid_utf8(parts_.decoder->decode(std::move(spellings)));
  }
  std::string bytes;
  for (const TokenId id : ids) {
    if (!skip_special || !is_special(id)) bytes += token_bytes(id);
  }
  std::string_view text = bytes;
  if (parts_.strips_leading_space && text.starts_with(' ')) text.remove_prefix(1);
  return to_valid_utf8(text);
}

std::string_view PipelineTokenizer::token_bytes(TokenId id) const {
  return is_known(id) ? std::string_view(parts_.token_bytes[static_cast<size_t>(id)]) : std::string_view();
}

bool PipelineTokenizer::is_special(TokenId id) const {
  return is_known(id) && parts_.is_special[static_cast<size_t>(id)];
}

bool PipelineTokenizer::adds_bos() const {
  return parts_.bos && std::find(prefix_.begin(), prefix_.end(), *parts_.bos) != prefix_.end();
}

}  // namespace estoc
