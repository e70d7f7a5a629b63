#include "jinja/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/utf8.h"
#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/printing.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

constexpr std::string_view kAlignments = "<>=^";
constexpr std::string_view kFloatTypes = "eEfFgGn%";

struct FormatSpec {
  std::string fill = " ";
  bool has_fill = false;
  char align = '\0';  // as the kind of the value wants when not given
  char sign = '\0';
  bool drops_negative_zero = false;
  bool is_alternate = false;
  bool has_zeros = false;  // a leading 0 and no fill of its own
  int64_t width = 0;
  char grouping = '\0';
  int precision = -1;
  char type = '\0';
};

class SpecReader {
 public:
  explicit SpecReader(std::string_view spec) : rest_(spec) {}

  FormatSpec run() {
    read_alignment();
    if (sees("+- ")) spec_.sign = take();
    spec_.drops_negative_zero = skip('z');
    spec_.is_alternate = skip('#');
    if (!spec_.has_fill && skip('0')) {
      spec_.has_zeros = true;
      spec_.fill = "0";
    }
    spec_.width = std::max<int64_t>(number(), 0);
    if (sees(",_")) spec_.grouping = take();
    if (spec_.grouping != '\0' && sees(",_")) stop("a format cannot specify both ',' and '_'");
    if (skip('.')) {
      spec_.precision = static_cast<int>(number());
      if (spec_.precision < 0) stop("a format specifier misses its precision");
    }
    if (!rest_.empty()) spec_.type = take();
    if (!rest_.empty()) stop("invalid format specifier");
    return spec_;
  }

 private:
  bool sees(std::string_view among) const { return !rest_.empty() && among.find(rest_[0]) != std::string_view::npos; }

  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void read_alignment() {
    const size_t fill_bytes = code_point_offset(rest_, 1);
    if (fill_bytes < rest_.size() && kAlignments.find(rest_[fill_bytes]) != std::string_view::npos) {
      spec_.fill = rest_.substr(0, fill_bytes);
      spec_.has_fill = true;
      rest_.remove_prefix(fill_bytes);
    }
    if (sees(kAlignments)) spec_.align = take();
  }

  int64_t number() {
    if (!sees("0123456789")) return -1;
    int64_t result = 0;
    while (sees("0123456789")) result = std::min<int64_t>(result * 10 + (take() - '0'), kFormatWidthMax + 1);
    if (result > kFormatWidthMax) stop("a format width is more than {}", kFormatWidthMax);
    return result;
  }

  std::string_view rest_;
  FormatSpec spec_;
};

std::string repeated(const std::string& fill, int64_t times) {
  std::string out;
  for (int64_t i = 0; i < times; ++i) out += fill;
  return out;
}

std::string aligned(const FormatSpec& spec, char align, const std::string& lead, const std::string& body) {
  const auto length = static_cast<int64_t>(count_code_points(lead) + count_code_points(body));
  const int64_t missing = std::max<int64_t>(spec.width - length, 0);
  const int64_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  if (align == '=') return lead + repeated(spec.fill, missing) + body;
  return repeated(spec.fill, before) + lead + body + repeated(spec.fill, missing - before);
}

// Digits with a separator every `group` from the right, and zeros in front up to `width`.
std::string grouped(std::string_view digits, char separator, int64_t group, int64_t width) {
  std::string reversed;
  auto left = static_cast<int64_t>(digits.size());
  for (;;) {
    const int64_t length = std::min(group, std::max<int64_t>(std::max(left, width), 1));
    for (int64_t i = 0; i < length; ++i, --left) reversed += left > 0 ? digits[static_cast<size_t>(left - 1)] : '0';
    left = std::max<int64_t>(left, 0);
    width -= length;
    if (left <= 0 && width <= 0) break;
    reversed += separator;
    --width;
  }
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

// A number from its sign and prefix, the digits of its whole part, and what follows them.
std::string laid_out(const FormatSpec& spec, const std::string& lead, std::string whole, const std::string& rest) {
  const char align = spec.align != '\0' ? spec.align : spec.has_zeros ? '=' : '>';
  const bool fills_zeros = align == '=' && spec.fill == "0";
  const int64_t width = fills_zeros ? spec.width - static_cast<int64_t>(lead.size() + rest.size()) : 0;
  const bool is_power_of_two = std::string_view("boxX").find(spec.type) != std::string_view::npos && spec.type != '\0';
  const bool is_finite = std::isxdigit(static_cast<unsigned char>(whole[0])) && whole != "inf";
  if (spec.grouping != '\0' && is_finite) whole = grouped(whole, spec.grouping, is_power_of_two ? 4 : 3, width);
  return aligned(spec, align, lead, whole + rest);
}

std::string sign_of(const FormatSpec& spec, bool is_negative) {
  if (is_negative) return "-";
  return spec.sign == '+' || spec.sign == ' ' ? std::string(1, spec.sign) : "";
}

std::string text_form(const FormatSpec& spec, const Value& value) {
  if (spec.type != '\0' && spec.type != 's') stop("unknown format code '{}' for a string", spec.type);
  if (spec.sign != '\0' || spec.is_alternate || spec.drops_negative_zero || spec.grouping != '\0' ||
      spec.align == '=') {
    stop("a format specifier for numbers is given a string");
  }
  std::string text = value.bytes();
  if (spec.precision >= 0) text.resize(code_point_offset(text, static_cast<size_t>(spec.precision)));
  return aligned(spec, spec.align != '\0' ? spec.align : '<', "", text);
}

std::string character_form(const FormatSpec& spec, int64_t code) {
  if (spec.sign != '\0' || spec.is_alternate || spec.grouping != '\0') stop("a sign or '#' cannot go with format 'c'");
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) stop("format 'c' needs a character's number");
  std::string character;
  utf8_append(character, static_cast<uint32_t>(code));
  return aligned(spec, spec.align != '\0' ? spec.align : spec.has_zeros ? '=' : '>', "", character);
}

std::string float_form(const FormatSpec& spec, const Value& value) {
  if (spec.type != '\0' && kFloatTypes.find(spec.type) == std::string_view::npos) {
    stop("unknown format code '{}' for a float", spec.type);
  }
  if (spec.type == 'n' && spec.grouping != '\0') stop("'{}' cannot go with format 'n'", spec.grouping);
  const double number = spec.type == '%' ? value.as_double() * 100 : value.as_double();
  const double size = std::abs(number);
  std::string digits;
  if (spec.type == '\0' && spec.precision < 0) {
    digits = float_text(size);
  } else {
    const char type = spec.type == '%' ? 'f' : spec.type == 'n' || spec.type == '\0' ? 'g' : spec.type;
    digits = float_digits(size, type, spec.precision < 0 ? 6 : spec.precision, spec.is_alternate, spec.type == '\0');
  }
  const bool is_zero = digits.find_first_not_of("0.") == std::string::npos;
  const bool is_negative = std::signbit(number) && !std::isnan(number) && !(spec.drops_negative_zero && is_zero);
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  const size_t split = std::isfinite(number) ? whole : digits.size();
  const std::string rest = digits.substr(split) + (spec.type == '%' ? "%" : "");
  return laid_out(spec, sign_of(spec, is_negative), digits.substr(0, split), rest);
}

std::string integer_form(const FormatSpec& spec, const Value& value) {
  if (spec.type != '\0' && spec.type != 'n' && kFloatTypes.find(spec.type) != std::string_view::npos) {
    return float_form(spec, value);
  }
  if (spec.precision >= 0) stop("a precision is not allowed in the format of an integer");
  if (spec.drops_negative_zero) stop("'z' is not allowed in the format of an integer");
  const int64_t number = value.as_integer();
  if (spec.type == 'c') return character_form(spec, number);
  if (spec.type == 'n' && spec.grouping != '\0') stop("'{}' cannot go with format 'n'", spec.grouping);
  const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  std::string lead = sign_of(spec, number < 0);
  const bool has_base = spec.type != '\0' && std::string_view("boxX").find(spec.type) != std::string_view::npos;
  if (!has_base && spec.type != '\0' && spec.type != 'd' && spec.type != 'n') {
    stop("unknown format code '{}' for an int", spec.type);
  }
  if (has_base && spec.grouping == ',') stop("',' cannot go with format '{}'", spec.type);
  if (has_base && spec.is_alternate) lead += std::string("0") + spec.type;
  return laid_out(spec, lead, integer_digits(size, spec.type), "");
}

// The zeros that fmt leaves out behind the last of the 767 digits that a double can have.
void add_zeros(std::string& digits, size_t end, int precision) {
  const size_t point = digits.find('.');
  if (point == std::string::npos) return;
  const auto there = static_cast<int>(end - point) - 1;
  if (there < precision) digits.insert(end, static_cast<size_t>(precision - there), '0');
}

std::string scientific(double size, int precision) {
  std::string spelled = fmt::format("{:.{}e}", size, precision);
  add_zeros(spelled, spelled.find('e'), precision);
  return spelled;
}

std::string general_digits(double size, int precision, bool is_alternate, bool keeps_fraction) {
  const int places = std::max(precision, 1);
  const std::string spelled = scientific(size, places - 1);
  const size_t mark = spelled.find('e');
  std::string digits;
  for (const char c : spelled.substr(0, mark)) {
    if (c != '.') digits += c;
  }
  const int point = std::stoi(spelled.substr(mark + 1)) + 1;  // digits before the point
  if (!is_alternate) digits.resize(std::max<size_t>(digits.find_last_not_of('0') + 1, 1));
  if (point <= -4 || point > places - (keeps_fraction ? 1 : 0)) {
    const bool has_point = digits.size() > 1 || is_alternate;
    return digits.substr(0, 1) + (has_point ? "." : "") + digits.substr(1) + spelled.substr(mark);
  }
  const auto length = static_cast<int>(digits.size());
  std::string out;
  if (point <= 0) {
    out = "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (length <= point) {
    out = digits + std::string(static_cast<size_t>(point - length), '0') + (is_alternate ? "." : "");
  } else {
    out = digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  }
  if (keeps_fraction && out.find('.') == std::string::npos) out += ".0";
  return keeps_fraction && out.back() == '.' ? out + "0" : out;
}

}  // namespace

std::string float_digits(double size, char type, int precision, bool is_alternate, bool keeps_fraction) {
  std::string digits;
  if (!std::isfinite(size)) {
    digits = std::isnan(size) ? "nan" : "inf";
  } else if (type == 'g' || type == 'G') {
    digits = general_digits(size, precision, is_alternate, keeps_fraction);
  } else if (type == 'e' || type == 'E') {
    digits = scientific(size, precision);
    if (is_alternate && precision == 0) digits.insert(1, ".");
  } else {
    digits = fmt::format("{:.{}f}", size, precision);
    add_zeros(digits, digits.size(), precision);
    if (is_alternate && precision == 0) digits += '.';
  }
  if (type == 'E' || type == 'F' || type == 'G') {
    for (char& c : digits) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return digits;
}

std::string integer_digits(uint64_t size, char type) {
  switch (type) {
    case 'b':
      return fmt::format("{:b}", size);
    case 'o':
      return fmt::format("{:o}", size);
    case 'x':
      return fmt::format("{:x}", size);
    case 'X':
      return fmt::format("{:X}", size);
    default:
      return fmt::format("{}", size);
  }
}

std::string whole_digits(double size) { return fmt::format("{:.0f}", std::trunc(size)); }

std::string formatted(const Value& value, std::string_view spec) {
  if (spec.empty()) return to_text(value);
  if (!value.is_string() && !value.is_number())
    stop("a value of type '{}' takes no format specifier", value.type_name());
  const FormatSpec read = SpecReader(spec).run();
  if (value.is_string()) return text_form(read, value);
  return value.is_float() ? float_form(read, value) : integer_form(read, value);
}

}  // namespace estoc::jinja
