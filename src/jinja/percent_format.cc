#include "jinja/format.h"

#include <fmt/format.h>

#include <cmath>

#include "base/utf8.h"
#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/printing.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

struct Spec {
  bool is_left = false, has_sign = false, has_blank = false, has_zeros = false, has_prefix = false;
  size_t width = 0;
  int precision = -1;
  char type = 's';
};

constexpr auto kWidthMax = static_cast<size_t>(kFormatWidthMax);

class PercentFormatter {
 public:
  PercentFormatter(const Value& format, const Value& arguments)
      : format_(format.bytes()), is_markup_(format.text().is_markup), arguments_(arguments) {}

  std::string run() {
    std::string out;
    while (at_ < format_.size()) {
      const size_t percent = format_.find('%', at_);
      out += format_.substr(at_, percent - at_);
      if (percent == std::string_view::npos) break;
      at_ = percent + 1;
      out += directive();
      if (out.size() > kTextBytesMax) stop("a formatted string is longer than {} bytes", kTextBytesMax);
    }
    const bool takes_one = !arguments_.is_sequence(SequenceKind::tuple);
    const size_t given = takes_one ? 1 : arguments_.sequence().items.size();
    if (used_ < given && !is_mapping()) stop("not all arguments converted during string formatting");
    return out;
  }

 private:
  // What Python takes for a mapping, of which a format need not use anything: whatever has subscripts.
  bool is_mapping() const {
    return arguments_.is_dict() || arguments_.is_undefined() || arguments_.is_sequence(SequenceKind::list) ||
           arguments_.is_sequence(SequenceKind::range);
  }

  char take() {
    if (at_ >= format_.size()) stop("incomplete format");
    return format_[at_++];
  }

  const Value& next_argument() {
    const bool is_tuple = arguments_.is_sequence(SequenceKind::tuple);
    const size_t given = is_tuple ? arguments_.sequence().items.size() : 1;
    if (used_ >= given) stop("not enough arguments for format string");
    return is_tuple ? arguments_.sequence().items[used_++] : (++used_, arguments_);
  }

  size_t number(char& c, bool& is_negative) {
    if (c == '*') {
      const Value& value = next_argument();
      if (!value.is_integral()) stop("* wants int");
      c = take();
      is_negative = value.as_integer() < 0;
      const uint64_t given = static_cast<uint64_t>(value.as_integer());
      return std::min<uint64_t>(is_negative ? 0 - given : given, kWidthMax + 1);
    }
    size_t result = 0;
    for (; c >= '0' && c <= '9'; c = take())
      result = std::min(result * 10 + static_cast<size_t>(c - '0'), kWidthMax + 1);
    return result;
  }

  // Where the parenthesis that is open at at_ closes.
  size_t closing() const {
    int open = 1;
    for (size_t at = at_; at < format_.size(); ++at) {
      open += format_[at] == '(' ? 1 : format_[at] == ')' ? -1 : 0;
      if (open == 0) return at;
    }
    return std::string_view::npos;
  }

  std::string directive() {
    char c = take();
    if (c == '%') return "%";
    const Value* named = nullptr;
    if (c == '(') {
      const size_t close = closing();
      if (close == std::string_view::npos) stop("incomplete format key");
      if (!arguments_.is_dict()) stop("format requires a mapping");
      const std::string_view key = format_.substr(at_, close - at_);
      named = arguments_.dict().find(key);
      if (!named) stop("no value for the format key '{}'", key);
      at_ = close + 1;
      c = take();
    }
    Spec spec;
    for (;; c = take()) {
      if (c == '-')
        spec.is_left = true;
      else if (c == '+')
        spec.has_sign = true;
      else if (c == ' ')
        spec.has_blank = true;
      else if (c == '0')
        spec.has_zeros = true;
      else if (c == '#')
        spec.has_prefix = true;
      else
        break;
    }
    bool is_negative = false;
    spec.width = number(c, is_negative);
    spec.is_left |= is_negative;
    if (c == '.') {
      c = take();
      is_negative = false;
      const size_t precision = number(c, is_negative);
      spec.precision = is_negative ? 0 : static_cast<int>(precision);
    }
    while (c == 'l' || c == 'h' || c == 'L') c = take();
    if (spec.width > kWidthMax || spec.precision > static_cast<int>(kWidthMax)) stop("a format width is too big");
    spec.type = c;
    return converted(spec, named ? *named : next_argument());
  }

  static std::string padded(const Spec& spec, std::string sign, std::string body, bool is_number) {
    const size_t length = count_code_points(sign) + count_code_points(body);
    const size_t pad = spec.width > length ? spec.width - length : 0;
    if (spec.is_left) return sign + body + std::string(pad, ' ');
    if (spec.has_zeros && is_number) return sign + std::string(pad, '0') + body;
    return std::string(pad, ' ') + sign + body;
  }

  static std::string sign_of(const Spec& spec, bool is_negative) {
    return is_negative ? "-" : spec.has_sign ? "+" : spec.has_blank ? " " : "";
  }

  std::string text_form(const Spec& spec, const Value& value) const {
    std::string text = spec.type == 's' ? to_text(value) : repr(value);
    if (spec.type == 'a') text = ascii(text);
    const bool is_escaped = spec.type == 's' && value.is_string() && value.text().is_markup;
    if (is_markup_ && !is_escaped) text = escape_html(text);
    if (spec.precision >= 0) text.resize(code_point_offset(text, static_cast<size_t>(spec.precision)));
    return padded(spec, "", std::move(text), false);
  }

  static std::string integer_form(const Spec& spec, const Value& value) {
    if (!value.is_integral() && (!value.is_float() || spec.type == 'x' || spec.type == 'X' || spec.type == 'o')) {
      stop("%{} format: a number is required, not {}", spec.type, value.type_name());
    }
    if (value.is_float()) return float_as_integer(spec, value.as_double());
    const int64_t number = value.as_integer();
    const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    std::string sign = sign_of(spec, number < 0);
    const bool has_base = spec.type == 'x' || spec.type == 'X' || spec.type == 'o';
    if (spec.has_prefix && has_base) sign += std::string("0") + spec.type;
    return padded(spec, std::move(sign), with_precision(spec, integer_digits(size, spec.type)), true);
  }

  static std::string with_precision(const Spec& spec, std::string digits) {
    if (spec.precision > static_cast<int>(digits.size())) {
      digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(), '0');
    }
    return digits;
  }

  static std::string float_as_integer(const Spec& spec, double number) {
    if (!std::isfinite(number)) stop("cannot convert {} to an integer", float_text(number));
    const bool is_negative = std::trunc(number) < 0;
    return padded(spec, sign_of(spec, is_negative), with_precision(spec, whole_digits(std::abs(number))), true);
  }

  static std::string float_form(const Spec& spec, const Value& value) {
    if (!value.is_number()) stop("must be real number, not {}", value.type_name());
    const double number = value.as_double();
    const int precision = spec.precision < 0 ? 6 : spec.precision;
    std::string body = float_digits(std::abs(number), spec.type, precision, spec.has_prefix);
    return padded(spec, sign_of(spec, std::signbit(number) && !std::isnan(number)), std::move(body), true);
  }

  static std::string character_form(const Spec& spec, const Value& value) {
    std::string text;
    if (value.is_string() && value.text().length == 1) {
      text = value.bytes();
    } else if (value.is_integral() && value.as_integer() >= 0 && value.as_integer() < 0x110000 &&
               (value.as_integer() < 0xD800 || value.as_integer() > 0xDFFF)) {
      utf8_append(text, static_cast<uint32_t>(value.as_integer()));
    } else {
      stop("%c requires an int or one character");
    }
    return padded(spec, "", std::move(text), false);
  }

  std::string converted(const Spec& spec, const Value& value) const {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a':
        return text_form(spec, value);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer_form(spec, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return float_form(spec, value);
      case 'c':
        return character_form(spec, value);
      default:
        stop("unsupported format character '{}'", spec.type);
    }
  }

  const std::string_view format_;
  const bool is_markup_;
  const Value& arguments_;
  size_t at_ = 0;
  size_t used_ = 0;
};

}  // namespace

Value percent_format(const Value& format, const Value& arguments) {
  return Value::string(PercentFormatter(format, arguments).run(), format.text().is_markup);
}

}  // namespace estoc::jinja
