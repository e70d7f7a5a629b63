#include "jinja/format.h"

#include <algorithm>
#include <optional>

#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/literals.h"
#include "jinja/printing.h"
#include "jinja/text_operations.h"

namespace estoc::jinja {
namespace {

constexpr int kNestingMax = 2;  // "{:{}}" may not nest further

bool is_all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Field {
  std::string_view name;
  std::optional<char> conversion;
  std::string_view spec;
};

class StrFormatter {
 public:
  StrFormatter(Evaluator& evaluator, const Values& positional, const Value& named, bool is_markup)
      : evaluator_(evaluator), positional_(positional), named_(named), is_markup_(is_markup) {}

  std::string run(std::string_view format, int nesting) {
    if (nesting > kNestingMax) stop("format: fields nest too deeply");
    std::string out;
    while (!format.empty()) {
      const size_t brace = std::min(format.find_first_of("{}"), format.size());
      out += format.substr(0, brace);
      format.remove_prefix(brace);
      if (format.empty()) break;
      if (format.size() > 1 && format[0] == format[1]) {
        out += format[0];
        format.remove_prefix(2);
      } else {
        if (format[0] == '}') stop("format: single '}}' encountered in the format string");
        format.remove_prefix(1);
        out += written(read_field(format), nesting);
      }
      if (out.size() > kTextBytesMax) stop("a formatted string is longer than {} bytes", kTextBytesMax);
    }
    return out;
  }

 private:
  // What is between braces; `format` then begins after the closing one.
  static Field read_field(std::string_view& format) {
    Field field;
    size_t end = 0;
    for (; end < format.size() && std::string_view("}:!").find(format[end]) == std::string_view::npos; ++end) {
      if (format[end] == '{') stop("format: unexpected '{{' in a field name");
      if (format[end] == '[') end = std::min(format.find(']', end), format.size() - 1);
    }
    if (end >= format.size()) stop("format: expected '}}' before the end of the string");
    field.name = format.substr(0, end);
    const char mark = format[end];
    format.remove_prefix(end + 1);
    if (mark == '}') return field;
    if (mark == '!') {
      if (format.empty()) stop("format: the string ends where a conversion is expected");
      field.conversion = format[0];
      const bool is_end = format.size() > 1 && format[1] == '}';
      const bool has_spec = format.size() > 1 && format[1] == ':';
      if (!is_end && !has_spec) stop("format: expected ':' or '}}' after a conversion");
      format.remove_prefix(2);
      if (is_end) return field;
    }
    int open = 1;
    for (size_t at = 0; at < format.size(); ++at) {
      open += format[at] == '{' ? 1 : format[at] == '}' ? -1 : 0;
      if (open > 0) continue;
      field.spec = format.substr(0, at);
      format.remove_prefix(at + 1);
      return field;
    }
    stop("format: unmatched '{{' in a format specifier");
  }

  std::string written(const Field& field, int nesting) {
    evaluator_.charge(4);
    Value value = value_of(field.name);
    if (field.conversion) value = converted(value, *field.conversion);
    const std::string spec = run(field.spec, nesting + 1);
    if (spec.empty()) evaluator_.charge_walk(value);
    const bool is_escaped = value.is_string() && value.text().is_markup;
    if (is_markup_ && is_escaped && !spec.empty()) stop("format: markup takes no format specifier");
    std::string text = formatted(value, spec);
    return is_markup_ && !is_escaped ? escape_html(text) : text;
  }

  Value converted(const Value& value, char conversion) {
    evaluator_.charge_walk(value);
    switch (conversion) {
      case 's':
        return Value::string(to_text(value));
      case 'r':
        return Value::string(repr(value));
      case 'a':
        return Value::string(ascii(repr(value)));
      default:
        stop("format: unknown conversion '{}'", conversion);
    }
  }

  Value value_of(std::string_view name) {
    std::string counted;
    if (name.empty()) {
      if (is_manual_) stop("format: cannot switch from numbered fields to automatic ones");
      counted = std::to_string(next_++);
      name = counted;
    } else if (is_all_digits(name)) {
      if (next_ > 0) stop("format: cannot switch from automatic fields to numbered ones");
      is_manual_ = true;
    }
    const size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, end));
    name.remove_prefix(end);
    while (!name.empty()) value = step(value, name);
    return value;
  }

  Value argument(std::string_view name) {
    if (is_all_digits(name)) {
      const int64_t index = parse_index(name);
      if (index >= static_cast<int64_t>(positional_.size())) stop("format: there is no argument {}", name);
      return positional_[static_cast<size_t>(index)];
    }
    const Value key = Value::string(std::string(name));
    const auto found = item_of(named_, key);
    if (!found) stop("format: there is no argument '{}'", name);
    return *found;
  }

  // Goes one `.name` or `[key]` further and takes it off `path`.
  Value step(const Value& value, std::string_view& path) {
    const bool is_attribute = path[0] == '.';
    if (!is_attribute && path[0] != '[') stop("format: only '.' or '[' may follow ']' in a field");
    path.remove_prefix(1);
    const size_t end = is_attribute ? std::min(path.find_first_of(".["), path.size()) : path.find(']');
    if (end == std::string_view::npos) stop("format: ']' is missing in a field");
    const std::string_view key = path.substr(0, end);
    path.remove_prefix(end + (is_attribute ? 0 : 1));
    if (key.empty()) stop("format: a field has an empty attribute");
    if (is_attribute) return evaluator_.attribute_of(value, key);
    const Value index = is_all_digits(key) ? Value::integer(parse_index(key)) : Value::string(std::string(key));
    return evaluator_.item_or_attribute(value, index);
  }

  static int64_t parse_index(std::string_view digits) {
    if (digits.size() > 18) stop("format: too many digits in a field");
    return parse_integer(digits);
  }

  Evaluator& evaluator_;
  const Values& positional_;
  const Value& named_;
  const bool is_markup_;
  int64_t next_ = 0;  // the number of the next field without a name
  bool is_manual_ = false;
};

}  // namespace

Value str_format(Evaluator& evaluator, const Value& format, const Values& positional, const Value& named) {
  const bool is_markup = format.text().is_markup;
  return Value::string(StrFormatter(evaluator, positional, named, is_markup).run(format.bytes(), 0), is_markup);
}

}  // namespace estoc::jinja
