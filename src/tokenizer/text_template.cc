#include "tokenizer/text_template.h"

namespace estoc {
namespace {

std::vector<TokenId> tokens_of(const TextTemplates& templates, bool before) {
  std::vector<TokenId> ids;
  bool is_before = true;
  for (const TemplateItem& item : templates.single) {
    if (item.kind != TemplateItem::Kind::token)
      is_before = false;
    else if (is_before == before)
      ids.push_back(item.id);
  }
  return ids;
}

bool is_token(const TemplateItem& item, TokenId id) { return item.kind == TemplateItem::Kind::token && item.id == id; }

}  // namespace

TextTemplates bert_templates(std::optional<TokenId> cls, std::optional<TokenId> sep) {
  TextTemplates templates;
  if (sep) {
    templates.single.push_back({.id = *sep});
    templates.pair.insert(templates.pair.begin() + 1, {.id = *sep});
    templates.pair.push_back({.id = *sep, .segment = 1});
  }
  if (cls) put_before(templates, *cls);
  return templates;
}

std::vector<TokenId> prefix_of(const TextTemplates& templates) { return tokens_of(templates, true); }
std::vector<TokenId> suffix_of(const TextTemplates& templates) { return tokens_of(templates, false); }

void put_before(TextTemplates& templates, TokenId id) {
  for (auto* items : {&templates.single, &templates.pair}) items->insert(items->begin(), {.id = id});
}

void put_after(TextTemplates& templates, TokenId id) {
  for (auto* items : {&templates.single, &templates.pair}) {
    const uint8_t segment = items->empty() ? uint8_t{0} : items->back().segment;
    items->push_back({.id = id, .segment = segment});
  }
}

void drop_first(TextTemplates& templates, TokenId id) {
  for (auto* items : {&templates.single, &templates.pair}) {
    if (!items->empty() && is_token(items->front(), id)) items->erase(items->begin());
  }
}

void drop_last(TextTemplates& templates, TokenId id) {
  for (auto* items : {&templates.single, &templates.pair}) {
    if (!items->empty() && is_token(items->back(), id)) items->pop_back();
  }
}

}  // namespace estoc
