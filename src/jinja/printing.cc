#include "jinja/printing.h"

#include <fmt/format.h>

#include <cmath>

#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

void append_repr(std::string& out, const Value& value);

void append_escape(std::string& out, uint32_t c) {
  if (c <= 0xFF) {
    out += fmt::format("\\x{:02x}", c);
  } else {
    out += c <= 0xFFFF ? fmt::format("\\u{:04x}", c) : fmt::format("\\U{:08x}", c);
  }
}

void append_items(std::string& out, const Values& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    append_repr(out, items[i]);
  }
}

void append_dict(std::string& out, const Dict& dict) {
  out += '{';
  for (size_t i = 0; i < dict.size(); ++i) {
    if (i) out += ", ";
    append_repr(out, dict.entries()[i].first);
    out += ": ";
    append_repr(out, dict.entries()[i].second);
  }
  out += '}';
}

void append_sequence(std::string& out, const Value& value) {
  const Sequence& sequence = value.sequence();
  switch (sequence.kind) {
    case SequenceKind::list:
      out += '[';
      append_items(out, sequence.items);
      out += ']';
      return;
    case SequenceKind::tuple:
      out += '(';
      append_items(out, sequence.items);
      out += sequence.items.size() == 1 ? ",)" : ")";
      return;
    case SequenceKind::generator:
      out += "<generator object>";
      return;
    case SequenceKind::range:
      out += fmt::format("range({}, {}", sequence.start, sequence.stop);
      out += sequence.step == 1 ? ")" : fmt::format(", {})", sequence.step);
      return;
    default:
      out += value.type_name();
      out += "([";
      append_items(out, sequence.items);
      out += "])";
  }
}

void append_repr(std::string& out, const Value& value) {
  if (out.size() > kTextBytesMax) stop("the printed value is longer than {} bytes", kTextBytesMax);
  if (value.is_string()) {
    const std::string quoted = repr(std::string_view(value.bytes()));
    out += value.text().is_markup ? "Markup(" + quoted + ")" : quoted;
  } else if (value.is_sequence()) {
    append_sequence(out, value);
  } else if (value.is_dict()) {
    append_dict(out, value.dict());
  } else if (value.is_undefined()) {
    out += "Undefined";
  } else {
    out += to_text(value);
  }
}

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const std::string_view piece : code_points(text)) {
    const uint32_t c = code_point_at(piece);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\' || c == static_cast<uint32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(c);
    } else if (is_printable(c)) {
      out += piece;
    } else {
      append_escape(out, c);
    }
  }
  return out + quote;
}

std::string ascii(std::string_view text) {
  std::string out;
  for (const std::string_view piece : code_points(text)) {
    const uint32_t c = code_point_at(piece);
    if (c < 0x80) {
      out += piece;
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string to_text(const Value& value) {
  if (value.is_string()) return value.bytes();
  if (value.is_undefined()) return {};
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.as_integer() ? "True" : "False";
  if (value.is_int()) return fmt::format("{}", value.as_integer());
  if (value.is_float()) return float_text(value.as_double());
  if (value.is_object()) return value.object()->print();
  return repr(value);
}

}  // namespace estoc::jinja
