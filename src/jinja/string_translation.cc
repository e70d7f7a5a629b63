// Methods of strings that write characters anew: format, translate, expandtabs; and what only markup has.
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/format.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

Value like(const Value& of, std::string bytes) { return Value::string(std::move(bytes), of.text().is_markup); }

Value format(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  Dict named;
  for (const auto& [name, value] : arguments.keyword) named.set(name, value);
  return str_format(evaluator, of, arguments.positional, Value::dict(std::move(named)));
}

Value format_map(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("format_map", arguments, {"mapping"}, 1);
  return str_format(evaluator, of, {}, bound.at(0));
}

Value expand_tabs(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"});
  const int64_t size = std::min<int64_t>(bound.integer(0, 8), kFormatWidthMax);
  std::string out;
  int64_t column = 0;
  evaluator.charge_characters(of);
  for (const std::string_view piece : code_points(of.bytes())) {
    if (piece == "\t") {
      const int64_t blanks = size > 0 ? size - column % size : 0;
      out.append(static_cast<size_t>(blanks), ' ');
      column += blanks;
    } else {
      out += piece;
      column = piece == "\n" || piece == "\r" ? 0 : column + 1;
    }
    if (out.size() > kTextBytesMax) stop("expandtabs: the text is longer than {} bytes", kTextBytesMax);
  }
  evaluator.charge(out.size() / 32);
  return like(of, std::move(out));
}

void append_replacement(std::string& out, const Value& replacement) {
  if (replacement.is_none()) return;
  if (replacement.is_string()) {
    out += replacement.bytes();
    return;
  }
  if (!replacement.is_integral())
    stop("translate: a character becomes an int, None or str, not {}", replacement.type_name());
  const int64_t code = replacement.as_integer();
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) stop("translate: {} is no character", code);
  utf8_append(out, static_cast<uint32_t>(code));
}

// table[code], where a LookupError leaves the character as it is.
std::optional<Value> looked_up(const Value& table, uint32_t code) {
  const bool has_items = table.is_dict() || table.is_string() || table.is_sequence(SequenceKind::list) ||
                         table.is_sequence(SequenceKind::tuple) || table.is_sequence(SequenceKind::range);
  if (table.is_undefined()) stop("{}", table.undefined_reason());
  if (!has_items) stop("translate: '{}' object is not subscriptable", table.type_name());
  return item_of(table, Value::integer(code));
}

Value translate(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("translate", arguments, {"table"}, 1);
  const Value& table = bound.at(0);
  evaluator.charge(of.text().length * (table.is_string() ? 1 + table.weight() : 1));
  std::string out;
  for (const std::string_view piece : code_points(of.bytes())) {
    if (const auto replacement = looked_up(table, code_point_at(piece))) {
      append_replacement(out, *replacement);
    } else {
      out += piece;
    }
    if (out.size() > kTextBytesMax) stop("translate: the text is longer than {} bytes", kTextBytesMax);
  }
  return like(of, std::move(out));
}

Value code_of(const Value& key) {
  if (key.is_integral()) return key;
  if (!key.is_string()) stop("maketrans: keys are strings or integers, not {}", key.type_name());
  if (key.text().length != 1) stop("maketrans: a string key is one character long");
  return Value::integer(code_point_at(key.bytes()));
}

Value make_translation(Evaluator& evaluator, const Value&, Arguments& arguments) {
  const Bound bound = Bound::by_position("maketrans", arguments, {"x", "y", "z"}, 1);
  for (const Value& argument : arguments.positional) evaluator.charge_walk(argument);
  Dict table;
  if (!bound.has(1)) {
    if (!bound.at(0).is_dict()) stop("maketrans: a single argument is a dict, not {}", bound.at(0).type_name());
    for (const auto& [key, value] : bound.at(0).dict().entries()) table.set(code_of(key), value);
    return Value::dict(std::move(table));
  }
  const std::string from_text = bound.text(0, "");
  const std::string to_text = bound.text(1, "");
  const std::string drop_text = bound.text(2, "");
  if (count_code_points(from_text) != count_code_points(to_text)) {
    stop("maketrans: the first two arguments must have equal length");
  }
  evaluator.charge(from_text.size());
  auto to = code_points(to_text).begin();
  for (const std::string_view piece : code_points(from_text)) {
    table.set(Value::integer(code_point_at(piece)), Value::integer(code_point_at(*to)));
    ++to;
  }
  for (const std::string_view piece : code_points(drop_text)) {
    table.set(Value::integer(code_point_at(piece)), Value::none());
  }
  return Value::dict(std::move(table));
}

Value encode(Evaluator&, const Value&, Arguments&) { stop("encode: templates have no bytes, only text"); }

Value strip_tags(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("striptags", arguments, {});
  return Value::string(without_tags(of.bytes()));
}

Value unescape_markup(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("unescape", arguments, {});
  return Value::string(without_entities(of.bytes()));
}

Value escape(Evaluator& evaluator, const Value&, Arguments& arguments) {
  const Bound bound = Bound::by_position("escape", arguments, {"s"}, 1);
  return Value::string(escaped_text(evaluator, bound.at(0)), true);
}

}  // namespace

const MethodTable& string_translation_methods() {
  static const MethodTable kMethods = {
      {"format", format},       {"format_map", format_map},      {"expandtabs", expand_tabs},
      {"translate", translate}, {"maketrans", make_translation}, {"encode", encode}};
  return kMethods;
}

const MethodTable& markup_methods() {
  static const MethodTable kMethods = {{"striptags", strip_tags}, {"unescape", unescape_markup}, {"escape", escape}};
  return kMethods;
}

}  // namespace estoc::jinja
