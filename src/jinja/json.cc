#include "jinja/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/operators.h"
#include "jinja/printing.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

Value from_number(const Json& json) {
  if (!json.is_int()) return Value::floating(json.as_double());
  const bool is_big = json.as_double() > 9.2e18 && json.as_uint() > uint64_t{std::numeric_limits<int64_t>::max()};
  return is_big ? Value::floating(json.as_double()) : Value::integer(json.as_int());
}

std::string checked(const std::string& text) {
  if (!is_valid_utf8(text)) stop("a string among the variables is not valid UTF-8");
  return text;
}

Value converted(const Json& json, int depth) {
  if (depth > kValueDepthMax) stop("a variable nests deeper than {} levels", kValueDepthMax);
  if (json.is_null()) return Value::none();
  if (json.is_bool()) return Value::boolean(json.as_bool());
  if (json.is_number()) return from_number(json);
  if (json.is_string()) return Value::string(checked(json.as_string()));
  if (json.is_array()) {
    Values items;
    items.reserve(json.as_array().size());
    for (const Json& item : json.as_array()) items.push_back(converted(item, depth + 1));
    return Value::list(std::move(items));
  }
  Dict dict;
  for (const auto& [key, item] : json.as_object()) dict.set(checked(key), converted(item, depth + 1));
  return Value::dict(std::move(dict));
}

void append_unit(std::string& out, uint32_t unit) { out += fmt::format("\\u{:04x}", unit); }

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  std::string run(const Value& value) {
    write(value, 0);
    return std::move(out_);
  }

 private:
  void write_string(std::string_view text) {
    out_ += '"';
    for (const std::string_view piece : code_points(text)) {
      const uint32_t c = code_point_at(piece);
      static constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f";
      static constexpr std::string_view kLetters = "\"\\nrtbf";
      const size_t escape = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : std::string_view::npos;
      if (escape != std::string_view::npos) {
        out_ += '\\';
        out_ += kLetters[escape];
      } else if (c < 0x20 || (style_.is_ascii && c > 0x7E && c <= 0xFFFF)) {
        if (c == 0x7F)
          out_ += piece;
        else
          append_unit(out_, c);
      } else if (style_.is_ascii && c > 0xFFFF) {
        append_unit(out_, 0xD800 + ((c - 0x10000) >> 10));
        append_unit(out_, 0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        out_ += piece;
      }
    }
    out_ += '"';
  }

  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is_bool()) return value.as_integer() ? "true" : "false";
    if (value.is_int()) return fmt::format("{}", value.as_integer());
    if (value.is_float()) {
      const double number = value.as_double();
      if (std::isnan(number)) return "NaN";
      if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
      return float_text(number);
    }
    stop("Object of type {} is not JSON serializable", value.type_name());
  }

  void new_line(int level) {
    if (!style_.indent) return;
    out_ += '\n';
    for (int i = 0; i < level; ++i) out_ += *style_.indent;
  }

  void write_items(const Values& items, int level) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) out_ += style_.item_separator;
      new_line(level + 1);
      write(items[i], level + 1);
    }
    new_line(level);
    out_ += ']';
  }

  void write_dict(const Dict& dict, int level) {
    if (dict.size() == 0) {
      out_ += "{}";
      return;
    }
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sorts_keys) {
      // Heap sort: no bounds are lost when nan keys contradict the order, and equal keys do not exist.
      const auto is_before = [](auto* a, auto* b) { return compare(a->first, b->first, "<") == -1; };
      std::make_heap(entries.begin(), entries.end(), is_before);
      std::sort_heap(entries.begin(), entries.end(), is_before);
    }
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i) out_ += style_.item_separator;
      new_line(level + 1);
      const Value& key = entries[i]->first;
      if (key.is_sequence() || key.is_object())
        stop("keys must be str, int, float, bool or None, not {}", key.type_name());
      write_string(key.is_string() ? key.bytes() : scalar(key));
      out_ += style_.key_separator;
      write(entries[i]->second, level + 1);
    }
    new_line(level);
    out_ += '}';
  }

  void write(const Value& value, int level) {
    if (out_.size() > kTextBytesMax) stop("the JSON text is longer than {} bytes", kTextBytesMax);
    if (value.is_string()) {
      write_string(value.bytes());
    } else if (value.is_dict()) {
      write_dict(value.dict(), level);
    } else if (value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple)) {
      write_items(value.sequence().items, level);
    } else {
      out_ += scalar(value);
    }
  }

  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

Value from_json(const Json& json) { return converted(json, 1); }

std::string json_text(const Value& value, const JsonStyle& style) { return JsonWriter(style).run(value); }

}  // namespace estoc::jinja
