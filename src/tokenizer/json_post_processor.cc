// Post-processors of a tokenizer.json: what goes around a text, or around two. Each kind is a reader and a line in the
// list.
#include <algorithm>

#include "base/error.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

using Kind = TemplateItem::Kind;

constexpr int64_t kSegmentMax = 255;
constexpr size_t kItemsMax = 1024;  // of a template, each special token counted by its ids

TokenId read_id(const Json& json, const std::string& where) {
  if (!json.is_int() || json.as_int() < 0 || json.as_int() > INT32_MAX) {
    fail(ErrorCode::corrupt_file, "{}: a token id is {}, expected a number from 0 on", where, json.type_name());
  }
  return static_cast<TokenId>(json.as_int());
}

uint8_t read_segment(const JsonFields& json) {
  const int64_t segment = json.integer_or("type_id", 0);
  if (segment < 0 || segment > kSegmentMax)
    fail(ErrorCode::corrupt_file, "{}: type_id is {}, expected 0 to {}", json.where(), segment, kSegmentMax);
  return static_cast<uint8_t>(segment);
}

std::vector<TemplateItem> read_items(const JsonFields& json, const std::string& key) {
  std::vector<TemplateItem> items;
  for (const Json& item : json.array(key)) {
    const JsonFields fields(item, json.where() + "." + key);
    if (fields.find("Sequence") != nullptr) {
      const JsonFields text = fields.object("Sequence");
      const std::string& id = text.string("id");
      if (id != "A" && id != "B") fail_unsupported(json, "the text " + id.substr(0, 100) + " of a template");
      items.push_back({.kind = id == "A" ? Kind::first : Kind::second, .segment = read_segment(text)});
    } else {
      const JsonFields special = fields.object("SpecialToken");
      const JsonFields token = json.object("special_tokens").object(special.string("id"));
      for (const Json& id : token.array("ids"))
        items.push_back({.id = read_id(id, token.where()), .segment = read_segment(special)});
    }
    if (items.size() > kItemsMax) fail_unsupported(json, "a template of more than 1024 parts");
  }
  return items;
}

void check_texts(const JsonFields& json, const std::vector<TemplateItem>& items, Kind text) {
  const auto count = std::ranges::count(items, text, &TemplateItem::kind);
  if (count > 1) fail_unsupported(json, "a template that repeats the text");
  if (count == 0) fail_unsupported(json, "a template without the text");
}

TextTemplates read_template(const JsonFields& json) {
  TextTemplates templates{.single = read_items(json, "single")};
  check_texts(json, templates.single, Kind::first);
  if (std::ranges::count(templates.single, Kind::second, &TemplateItem::kind) > 0)
    fail_unsupported(json, "a template of one text with two");
  if (json.find("pair") == nullptr) return templates;
  std::vector<TemplateItem> pair = read_items(json, "pair");
  if (pair.empty()) return templates;
  check_texts(json, pair, Kind::first);
  check_texts(json, pair, Kind::second);
  templates.pair = std::move(pair);
  return templates;
}

struct ClsSep {
  TokenId cls, sep;
};

// "cls": ["<s>", 0] stands before, "sep" after.
ClsSep read_cls_sep(const JsonFields& json) {
  const auto id_of = [&](std::string_view key) {
    const Json::Array& pair = json.array(key);
    if (pair.size() != 2) fail(ErrorCode::corrupt_file, "{}: {} is not a pair of spelling and id", json.where(), key);
    return read_id(pair[1], json.where());
  };
  return {id_of("cls"), id_of("sep")};
}

TextTemplates read_bert(const JsonFields& json) {
  const auto [cls, sep] = read_cls_sep(json);
  return bert_templates(cls, sep);
}

TextTemplates read_roberta(const JsonFields& json) {
  const auto [cls, sep] = read_cls_sep(json);
  return {.single = {{.id = cls}, {.kind = Kind::first}, {.id = sep}},
          .pair = {{.id = cls}, {.kind = Kind::first}, {.id = sep}, {.id = sep}, {.kind = Kind::second}, {.id = sep}}};
}

// Moves offsets only.
TextTemplates read_byte_level(const JsonFields&) { return {}; }

constexpr struct {
  std::string_view name;
  TextTemplates (*read)(const JsonFields& json);
} kKinds[] = {
    {"TemplateProcessing", read_template},
    {"BertProcessing", read_bert},
    {"RobertaProcessing", read_roberta},
    {"ByteLevel", read_byte_level},
};

// What `outer` puts around a text, around what `inner` made of it.
TextTemplates around(const TextTemplates& outer, TextTemplates inner) {
  const std::vector<TokenId> before = prefix_of(outer), after = suffix_of(outer);
  for (auto id = before.rbegin(); id != before.rend(); ++id) put_before(inner, *id);
  for (const TokenId id : after) put_after(inner, id);
  return inner;
}

bool is_plain(const TextTemplates& templates) { return templates.single.size() == 1; }

TextTemplates read(const JsonFields& json, int depth) {
  const std::string& type = json.string("type");
  if (type == "Sequence") {
    TextTemplates all;
    for_each_component(json, "processors", depth, [&](const JsonFields& step, int deeper) {
      TextTemplates next = read(step, deeper);
      all = is_plain(all) ? std::move(next) : around(next, std::move(all));
    });
    return all;
  }
  const auto* kind = std::ranges::find_if(kKinds, [&](const auto& known) { return known.name == type; });
  if (kind == std::end(kKinds)) fail_unsupported(json, type);
  return kind->read(json);
}

}  // namespace

TextTemplates read_post_processor(const JsonFields& json) { return read(json, 0); }

}  // namespace estoc
