#include <fmt/format.h>

#include <cmath>

#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/format.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/printing.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

// The value as a string that keeps its markup flag: what filters that promise text work on.
Value soft(Evaluator& evaluator, const Value& value) {
  return value.is_string() ? value : Value::string(evaluator.text_of(value));
}

bool starts_word_after(uint32_t c) {
  return is_space(c) || (c < 0x80 && std::string_view("-({[<").find(static_cast<char>(c)) != std::string_view::npos);
}

using Mapping = std::string (*)(std::string_view);

template <Mapping mapping>
Value mapped(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("this filter", arguments, {});
  const Value text = soft(evaluator, value);
  evaluator.charge_characters(text);
  return Value::string(mapping(text.bytes()), text.text().is_markup);
}

// Every word begins with a capital, where words begin after white space and opening brackets.
std::string title_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t end = code_point_offset(text, 1);
    const bool is_gap = starts_word_after(code_point_at(text));
    while (end < text.size() && starts_word_after(code_point_at(text.substr(end))) == is_gap) {
      end += code_point_offset(text.substr(end), 1);
    }
    const size_t first = code_point_offset(text, 1);
    out += to_upper(text.substr(0, first)) + to_lower(text.substr(first, end - first));
    text.remove_prefix(end);
  }
  return out;
}

Value title(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("title", arguments, {});
  const Value text = soft(evaluator, value);
  evaluator.charge_characters(text);
  return Value::string(title_words(text.bytes()));
}

Value strip_tags(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("striptags", arguments, {});
  const Value text = soft(evaluator, value);
  evaluator.charge_characters(text);
  return Value::string(without_tags(text.bytes()));
}

Value trim(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  const Value text = soft(evaluator, value);
  const std::string set = bound.find(0) ? bound.text(0, "") : "";
  return Value::string(strip(text.bytes(), bound.find(0) ? &set : nullptr, true, true), text.text().is_markup);
}

Value to_string(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("string", arguments, {});
  return soft(evaluator, value);
}

Value mark_safe(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("safe", arguments, {});
  return Value::string(evaluator.text_of(value), true);
}

Value escape(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("escape", arguments, {});
  if (value.is_string() && value.text().is_markup) return value;
  return Value::string(escape_html(evaluator.text_of(value)), true);
}

Value force_escape(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("forceescape", arguments, {});
  return Value::string(escape_html(evaluator.text_of(value)), true);
}

Value replace_filter(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t times = bound.find(2) ? bound.integer(2, -1) : -1;
  return Value::string(
      replace(evaluator.text_of(value), evaluator.text_of(bound.at(0)), evaluator.text_of(bound.at(1)), times));
}

Value center(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  const Value text = soft(evaluator, value);
  return Value::string(pad(text.bytes(), bound.integer(0, 80), " ", true, true), text.text().is_markup);
}

Value format(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.keyword.empty()) {
    stop("format takes positional or keyword arguments, not both");
  }
  for (const Value& argument : arguments.positional) evaluator.charge_walk(argument);
  if (arguments.keyword.empty()) return percent_format(soft(evaluator, value), Value::tuple(arguments.positional));
  Dict named;
  for (const auto& [name, argument] : arguments.keyword) named.set(name, argument);
  return percent_format(soft(evaluator, value), Value::dict(std::move(named)));
}

Value indent(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  if (!value.is_string()) stop("indent: expected a string, got {}", value.type_name());
  const bool is_text = bound.has(0) && bound.at(0).is_string();
  const int64_t width = is_text ? 0 : std::max<int64_t>(bound.integer(0, 4), 0);
  if (width > 100'000) stop("indent: the width is more than 100000");
  const std::string pad_text = is_text ? bound.at(0).bytes() : std::string(static_cast<size_t>(width), ' ');
  evaluator.charge_characters(value);
  const bool pads_blank = bound.truth(2, false);
  std::string out;
  const auto lines = split_lines(value.bytes() + "\n", false);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i) out += '\n';
    if (i == 0 ? bound.truth(1, false) : pads_blank || !lines[i].empty()) out += pad_text;
    out += lines[i];
    if (out.size() > kTextBytesMax) stop("indent: the text is longer than {} bytes", kTextBytesMax);
  }
  return Value::string(std::move(out), value.text().is_markup);
}

double number_of(const Bound& bound, size_t i, double fallback, const char* what) {
  if (!bound.find(i)) return fallback;
  if (!bound.at(i).is_number()) stop("truncate: the {} is a number, not {}", what, bound.at(i).type_name());
  return bound.at(i).as_double();
}

// Whatever has a length and is short enough stays as it is; only strings can be cut.
Value truncate(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  if (bound.has(0) && !bound.at(0).is_number()) stop("truncate: the length is a number");
  const double length = number_of(bound, 0, 255, "length");
  const double leeway = number_of(bound, 3, 5, "leeway");
  const Value end = bound.has(2) ? bound.at(2) : Value::string("...");
  const int64_t end_length = length_of(end);
  if (!(length >= static_cast<double>(end_length))) stop("truncate: the length is less than {}", end_length);
  if (!(leeway >= 0)) stop("truncate: the leeway is negative");
  if (static_cast<double>(length_of(value)) <= length + leeway) return value;
  if (!value.is_string() || !end.is_string()) stop("truncate: expected a string, got {}", value.type_name());
  const auto kept_length = static_cast<size_t>(bound.integer(0, 255) - end_length);
  std::string kept = value.bytes().substr(0, code_point_offset(value.bytes(), kept_length));
  if (!bound.truth(1, false)) {
    const size_t space = kept.rfind(' ');
    if (space != std::string::npos) kept.resize(space);
  }
  const bool is_markup = value.text().is_markup;
  if (!is_markup && end.text().is_markup) return Value::string(escape_html(kept) + end.bytes(), true);
  return Value::string(kept + (is_markup ? escaped_text(evaluator, end) : end.bytes()), is_markup);
}

Value word_count(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("wordcount", arguments, {});
  int64_t words = 0;
  bool is_inside = false;
  const Value text = soft(evaluator, value);
  evaluator.charge_characters(text);
  for (const std::string_view piece : code_points(text.bytes())) {
    const uint32_t c = code_point_at(piece);
    const bool is_word = c == '_' || is_alphanumeric(c);
    words += is_word && !is_inside;
    is_inside = is_word;
  }
  return Value::integer(words);
}

void append_quoted(std::string& out, std::string_view text, bool in_query) {
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !in_query);
    if (is_plain) {
      out += c;
    } else if (c == ' ' && in_query) {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

Value url_encode(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("urlencode", arguments, {});
  std::string out;
  if (value.is_string() || !is_iterable(value)) {
    const Value text = soft(evaluator, value);
    evaluator.charge_characters(text);
    append_quoted(out, text.bytes(), false);
    return Value::string(std::move(out));
  }
  Values pairs;
  if (value.is_dict()) {
    for (const auto& [key, item] : value.dict().entries()) pairs.push_back(Value::tuple({key, item}));
  } else {
    pairs = iterate(value)->items;
  }
  for (const Value& pair : pairs) {
    const auto parts = iterate(pair);
    if (parts->items.size() != 2) stop("urlencode: expected pairs");
    if (!out.empty()) out += '&';
    append_quoted(out, evaluator.text_of(parts->items[0]), true);
    out += '=';
    append_quoted(out, evaluator.text_of(parts->items[1]), true);
  }
  return Value::string(std::move(out));
}

Value xml_attributes(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("xmlattr", arguments, {"autospace"});
  if (!value.is_dict()) stop("xmlattr: expected a dict, got {}", value.type_name());
  std::string out;
  for (const auto& [key, item] : value.dict().entries()) {
    if (item.is_none() || item.is_undefined()) continue;
    const std::string name = evaluator.text_of(key);
    if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) stop("xmlattr: invalid character in '{}'", name);
    if (!out.empty()) out += ' ';
    out += escape_html(name) + "=\"" + escape_html(evaluator.text_of(item)) + '"';
  }
  return Value::string((!out.empty() && bound.truth(0, true) ? " " : "") + out);
}

}  // namespace

const FilterTable& text_filters() {
  static const FilterTable kFilters = {{"upper", mapped<to_upper>},
                                       {"lower", mapped<to_lower>},
                                       {"capitalize", mapped<capitalize>},
                                       {"title", title},
                                       {"striptags", strip_tags},
                                       {"trim", trim},
                                       {"string", to_string},
                                       {"safe", mark_safe},
                                       {"escape", escape},
                                       {"e", escape},
                                       {"forceescape", force_escape},
                                       {"replace", replace_filter},
                                       {"center", center},
                                       {"format", format},
                                       {"indent", indent},
                                       {"truncate", truncate},
                                       {"wordcount", word_count},
                                       {"urlencode", url_encode},
                                       {"xmlattr", xml_attributes}};
  return kFilters;
}

}  // namespace estoc::jinja
