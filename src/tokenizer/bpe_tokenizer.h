// The one Tokenizer there is: added tokens, normaliser, splits and byte-pair model in a row. Loaders fill in its parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

struct TokenizerParts {
  BpeModel::Parts model;
  AddedTokens raw_tokens;         // matched in the text as it came
  AddedTokens normalized_tokens;  // matched in the normalised text, spelled as it is
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::vector<TokenId> prefix, suffix;   // put around a text by add_special
  std::vector<std::string> token_bytes;  // by id: what it adds to running text
  std::vector<bool> is_special;          // by id
  TextTable spellings;                   // every token as the vocabulary spells it
  std::optional<TokenId> bos, eos;
  bool strips_leading_space = false;
};

class BpeTokenizer final : public Tokenizer {
 public:
  // `token_bytes` and `is_special` have one entry an id; every id in the parts is below that count.
  explicit BpeTokenizer(TokenizerParts parts);

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  std::string decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string_view token_bytes(TokenId id) const override;
  bool is_special(TokenId id) const override;
  int vocab_count() const override { return static_cast<int>(parts_.token_bytes.size()); }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_bos() const override;
  std::span<const TokenId> prefix() const override { return parts_.prefix; }
  std::optional<TokenId> find(std::string_view spelling) const override { return parts_.spellings.find(spelling); }
  bool strips_leading_space() const override { return parts_.strips_leading_space; }

 private:
  void encode_stretch(std::string_view text, bool is_at_start, bool parse_special, std::vector<TokenId>& out) const;
  bool is_known(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < parts_.token_bytes.size(); }

  TokenizerParts parts_;
  BpeModel model_;
};

}  // namespace estoc
