// The one Tokenizer there is: added tokens, normaliser, splits, model of pieces and decoder in a row. Loaders fill in
// its parts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/decoder.h"
#include "tokenizer/flat_table.h"
#include "tokenizer/length_cut.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/text_template.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

struct TokenizerParts {
  std::unique_ptr<PieceModel> model;
  AddedTokens raw_tokens;         // matched in the text as it came
  AddedTokens normalized_tokens;  // matched in the normalised text, spelled as it is
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  TextTemplates templates;               // what add_special puts around a text
  std::vector<std::string> token_bytes;  // by id: what it adds to running text
  std::vector<bool> is_special;          // by id
  TextTable spellings;                   // every token as the vocabulary spells it
  std::optional<TokenId> bos, eos;
  bool strips_leading_space = false;
  // Where a token's text depends on its neighbours: decodes spellings, which are then by id.
  std::unique_ptr<Decoder> decoder;
  std::vector<std::string> spelling_of;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
};

class PipelineTokenizer final : public Tokenizer {
 public:
  // `token_bytes` and `is_special` have one entry an id; every id in the parts is below that count.
  explicit PipelineTokenizer(TokenizerParts parts);

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  SegmentedIds encode_segments(std::string_view text, EncodeOptions options) const override;
  SegmentedIds encode_pair(std::string_view first, std::string_view second, EncodeOptions options) const override;
  SegmentedIds encode_cut(std::string_view first, std::optional<std::string_view> second, int tokens_max,
                          bool cuts_left, EncodeOptions options) const override;
  std::string decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string_view token_bytes(TokenId id) const override;
  bool is_special(TokenId id) const override;
  int vocab_count() const override { return static_cast<int>(parts_.token_bytes.size()); }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_bos() const override;
  std::span<const TokenId> prefix() const override { return prefix_; }
  std::optional<TokenId> find(std::string_view spelling) const override { return parts_.spellings.find(spelling); }
  bool strips_leading_space() const override { return parts_.strips_leading_space; }
  const std::optional<Truncation>& truncation() const override { return parts_.truncation; }
  const std::optional<Padding>& padding() const override { return parts_.padding; }

 private:
  // Appends the ids of a text with nothing around it.
  void encode_text(std::string_view text, bool parse_special, std::vector<TokenId>& out) const;
  void encode_stretch(std::string_view text, bool is_at_start, bool parse_special, std::vector<TokenId>& out) const;
  TextPair encode_texts(std::string_view first, std::string_view second, EncodeOptions options) const;
  static SegmentedIds fill(const std::vector<TemplateItem>& items, const TextPair& texts);
  bool is_known(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < parts_.token_bytes.size(); }

  TokenizerParts parts_;
  std::vector<TokenId> prefix_, suffix_;
};

}  // namespace estoc
