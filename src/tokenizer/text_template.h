// What goes around one text or two: special tokens and the place of each text among them, with the segment (Hugging
// Face's type id) that models of pairs want for every token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace estoc {

struct TemplateItem {
  enum class Kind : uint8_t { first, second, token };
  Kind kind = Kind::token;
  TokenId id = 0;  // of a token
  uint8_t segment = 0;
};

struct TextTemplates {
  std::vector<TemplateItem> single{{.kind = TemplateItem::Kind::first}};
  std::vector<TemplateItem> pair{{.kind = TemplateItem::Kind::first},
                                 {.kind = TemplateItem::Kind::second, .segment = 1}};
};

// BERT's: a first token, and one after each text.
TextTemplates bert_templates(std::optional<TokenId> cls, std::optional<TokenId> sep);

// What stands before and after the text in `single`.
std::vector<TokenId> prefix_of(const TextTemplates& templates);
std::vector<TokenId> suffix_of(const TextTemplates& templates);

// Tokens at the very start or end of both forms, in segment 0 before and in the last text's segment after.
void put_before(TextTemplates& templates, TokenId id);
void put_after(TextTemplates& templates, TokenId id);
// Takes such a token away again where it stands there.
void drop_first(TextTemplates& templates, TokenId id);
void drop_last(TextTemplates& templates, TokenId id);

}  // namespace estoc
