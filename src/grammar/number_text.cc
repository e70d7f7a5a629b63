#include "grammar/number_text.h"

#include <algorithm>

#include "base/error.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"

namespace estoc::grammar {

Decimal Decimal::parse(std::string_view text) {
  Decimal out;
  if (text.starts_with("-")) {
    out.is_negative = true;
    text.remove_prefix(1);
  }
  int64_t exponent = 0;
  const size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    const bool is_negative = digits.starts_with("-");
    if (is_negative || digits.starts_with("+")) digits.remove_prefix(1);
    for (const char c : digits) exponent = std::min<int64_t>(exponent * 10 + (c - '0'), 1000000);
    if (is_negative) exponent = -exponent;
    text = text.substr(0, e);
  }
  const size_t point = text.find('.');
  std::string all(text.substr(0, point));
  int64_t place = static_cast<int64_t>(all.size()) + exponent;
  if (point != std::string_view::npos) all += text.substr(point + 1);
  const size_t first = std::min(all.find_first_not_of('0'), all.size());
  all.erase(0, first);
  place -= static_cast<int64_t>(first);
  while (!all.empty() && all.back() == '0') all.pop_back();
  if (all.empty()) {
    out.is_negative = false;
    out.whole = "0";
    return out;
  }
  if (place > limits::kNumberDigitsMax || static_cast<int64_t>(all.size()) - place > limits::kNumberDigitsMax) {
    fail(ErrorCode::unsupported, "a number with more than {} digits is not supported", limits::kNumberDigitsMax);
  }
  if (place <= 0) {
    out.whole = "0";
    out.fraction = std::string(static_cast<size_t>(-place), '0') + all;
  } else if (static_cast<size_t>(place) >= all.size()) {
    out.whole = all + std::string(static_cast<size_t>(place) - all.size(), '0');
  } else {
    out.whole = all.substr(0, static_cast<size_t>(place));
    out.fraction = all.substr(static_cast<size_t>(place));
  }
  return out;
}

std::string Decimal::text() const {
  return (is_negative ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.is_negative != b.is_negative) return a.is_negative ? -1 : 1;
  int size = 0;
  if (a.whole.size() != b.whole.size()) {
    size = a.whole.size() < b.whole.size() ? -1 : 1;
  } else {
    const int order = (a.whole + "." + a.fraction).compare(b.whole + "." + b.fraction);
    size = order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return a.is_negative ? -size : size;
}

bool is_multiple(const Decimal& number, const Decimal& of) {
  if (of.is_zero()) return false;
  if (number.fraction.size() > of.fraction.size()) return false;  // multiples have no more digits behind the point
  const std::string divisor = of.whole + of.fraction;
  if (divisor.size() > 18) fail(ErrorCode::unsupported, "multipleOf with more than 18 digits is not supported");
  uint64_t by = 0;
  for (const char c : divisor) by = by * 10 + static_cast<uint64_t>(c - '0');
  std::string digits = number.whole + number.fraction;
  digits.append(of.fraction.size() - number.fraction.size(), '0');
  unsigned __int128 rest = 0;
  for (const char c : digits) rest = (rest * 10 + static_cast<unsigned>(c - '0')) % by;
  return rest == 0;
}

NumberTexts::NumberTexts(RegexArena& arena) : arena_(arena) {
  const auto parse = [&](std::string_view text) { return parse_regex(arena, text, Find::whole); };
  minus_ = arena.text("-");
  unsigned_ = parse("(0|[1-9][0-9]*)(\\.[0-9]+)?");
  any_ = parse("-?(0|[1-9][0-9]*)(\\.[0-9]+)?");
  // Exponents of what a double holds: readers refuse others, or make infinities of them.
  any_form_ = parse("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?(0?[0-9]{1,2}|[12][0-9]{2}|30[0-8]))?");
  integer_ = parse("-?(0|[1-9][0-9]*)(\\.0+)?");
  plain_integer_ = parse("0|-?[1-9][0-9]*");
  shortest_ = parse("0|-?([1-9][0-9]*|(0|[1-9][0-9]*)\\.[0-9]*[1-9])");
}

RegexId NumberTexts::digit(char low, char high) {
  if (low > high) return kNothing;
  return arena_.set(CharSet({{static_cast<uint32_t>(low), static_cast<uint32_t>(high)}}));
}

RegexId NumberTexts::digits(int least, int most) { return arena_.repeat(digit('0', '9'), least, most); }

RegexId NumberTexts::size_equal(const Decimal& bound) {
  const RegexId zeros = arena_.repeat(arena_.text("0"), 0);
  const RegexId some_zeros = arena_.cat(arena_.text("."), arena_.repeat(arena_.text("0"), 1));
  const RegexId behind = bound.fraction.empty() ? arena_.either({kEmptyText, some_zeros})
                                                : arena_.cat(arena_.text("." + bound.fraction), zeros);
  return arena_.cat(arena_.text(bound.whole), behind);
}

RegexId NumberTexts::size_at_least(const Decimal& bound) {
  const RegexId fraction = arena_.either({kEmptyText, arena_.cat(arena_.text("."), digits(1))});
  const auto length = static_cast<int>(bound.whole.size());
  std::vector<RegexId> parts;
  // More digits, or as many and the first that differs is larger.
  parts.push_back(arena_.cat(arena_.cat(digit('1', '9'), digits(length)), fraction));
  for (int i = 0; i < length; ++i) {
    const char next = static_cast<char>(bound.whole[static_cast<size_t>(i)] + 1);
    const RegexId larger = arena_.cat(arena_.text(bound.whole.substr(0, static_cast<size_t>(i))),
                                      arena_.cat(digit(next, '9'), digits(length - i - 1, length - i - 1)));
    parts.push_back(arena_.cat(larger, fraction));
  }
  if (bound.fraction.empty()) {
    parts.push_back(arena_.cat(arena_.text(bound.whole), fraction));
    return arena_.either(std::move(parts));
  }
  std::vector<RegexId> behind;
  for (size_t i = 0; i < bound.fraction.size(); ++i) {
    const RegexId larger = digit(static_cast<char>(bound.fraction[i] + 1), '9');
    behind.push_back(arena_.cat(arena_.text(bound.fraction.substr(0, i)), arena_.cat(larger, digits(0))));
  }
  behind.push_back(arena_.cat(arena_.text(bound.fraction), digits(0)));
  parts.push_back(arena_.cat(arena_.text(bound.whole + "."), arena_.either(std::move(behind))));
  return arena_.either(std::move(parts));
}

RegexId NumberTexts::equal(const Decimal& bound) {
  const RegexId size = size_equal(bound);
  if (bound.is_zero()) return arena_.either({size, arena_.cat(minus_, size)});
  return bound.is_negative ? arena_.cat(minus_, size) : size;
}

RegexId NumberTexts::at_least(const Decimal& bound) {
  // Of the same size or smaller: not larger.
  const auto size_at_most = [&] {
    return arena_.both({unsigned_, arena_.either({arena_.complement(size_at_least(bound)), size_equal(bound)})});
  };
  if (bound.is_negative) return arena_.either({unsigned_, arena_.cat(minus_, size_at_most())});
  if (bound.is_zero()) return arena_.either({unsigned_, arena_.cat(minus_, size_equal(bound))});
  return size_at_least(bound);
}

RegexId NumberTexts::at_most(const Decimal& bound) {
  const RegexId above = arena_.both({at_least(bound), arena_.complement(equal(bound))});
  return arena_.both({any_, arena_.complement(above)});
}

RegexId NumberTexts::multiple_of(const Decimal& bound) {
  const std::string all = bound.whole + bound.fraction;
  const size_t first = std::min(all.find_first_not_of('0'), all.size() - 1);
  const std::string kept = all.substr(first);
  if (kept.size() > 6 || std::stoul(kept) > limits::kMultipleMax) {
    fail(ErrorCode::unsupported, "multipleOf {} is not supported: without its point it is above {}", bound.text(),
         limits::kMultipleMax);
  }
  const RegexId size =
      arena_.multiple_of(static_cast<uint32_t>(std::stoul(kept)), static_cast<int>(bound.fraction.size()));
  return arena_.both({any_, arena_.either({size, arena_.cat(minus_, size)})});
}

}  // namespace estoc::grammar
