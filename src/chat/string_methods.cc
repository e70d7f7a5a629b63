#include <algorithm>

#include "chat/arguments.h"
#include "chat/evaluator.h"
#include "chat/failure.h"
#include "chat/iteration.h"
#include "chat/limits.h"
#include "chat/method_tables.h"
#include "chat/text_operations.h"
#include "chat/unicode.h"

namespace estoc::jinja {
namespace {

Value like(const Value& of, std::string bytes) { return Value::string(std::move(bytes), of.text().is_markup); }

Value strip_with(const char* what, const Value& of, Arguments& arguments, bool left, bool right) {
  const Bound bound(what, arguments, {"chars"});
  const Value* chars = bound.find(0);
  if (!chars) return like(of, strip(of.bytes(), nullptr, left, right));
  const std::string set = bound.text(0, "");
  return like(of, strip(of.bytes(), &set, left, right));
}

Value strip_both(Evaluator&, const Value& of, Arguments& a) { return strip_with("strip", of, a, true, true); }
Value strip_left(Evaluator&, const Value& of, Arguments& a) { return strip_with("lstrip", of, a, true, false); }
Value strip_right(Evaluator&, const Value& of, Arguments& a) { return strip_with("rstrip", of, a, false, true); }

Value list_of(const Value& of, const std::vector<std::string>& parts) {
  Values items;
  items.reserve(parts.size());
  for (const std::string& part : parts) items.push_back(like(of, part));
  return Value::list(std::move(items));
}

Value split_with(const char* what, Evaluator& evaluator, const Value& of, Arguments& arguments, bool from_right) {
  const Bound bound(what, arguments, {"sep", "maxsplit"});
  const std::string separator = bound.find(0) ? bound.text(0, "") : "";
  if (bound.find(0) && separator.empty()) stop("{}: empty separator", what);
  const auto parts = split(of.bytes(), bound.find(0) ? &separator : nullptr, bound.integer(1, -1), from_right);
  evaluator.charge(parts.size());
  return list_of(of, parts);
}

Value split_left(Evaluator& e, const Value& of, Arguments& a) { return split_with("split", e, of, a, false); }
Value split_right(Evaluator& e, const Value& of, Arguments& a) { return split_with("rsplit", e, of, a, true); }

Value split_lines_of(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  const auto lines = split_lines(of.bytes(), bound.truth(0, false));
  evaluator.charge(lines.size());
  return list_of(of, lines);
}

Value partition_with(const char* what, const Value& of, Arguments& arguments, bool from_right) {
  const Bound bound(what, arguments, {"sep"}, 1);
  const std::string separator = bound.text(0, "");
  if (separator.empty()) stop("{}: empty separator", what);
  const std::string& text = of.bytes();
  const size_t at = from_right ? find_last_text(text, separator) : find_text(text, separator);
  if (at == std::string::npos) {
    const Value empty = like(of, "");
    return Value::tuple(from_right ? Values{empty, empty, of} : Values{of, empty, empty});
  }
  return Value::tuple(
      {like(of, text.substr(0, at)), like(of, separator), like(of, text.substr(at + separator.size()))});
}

Value partition_left(Evaluator&, const Value& of, Arguments& a) { return partition_with("partition", of, a, false); }
Value partition_right(Evaluator&, const Value& of, Arguments& a) { return partition_with("rpartition", of, a, true); }

// The part of the string that start and end (arguments 1 and 2) select, and where it begins in code points.
std::pair<std::string_view, int64_t> window(const Value& of, const Bound& bound) {
  const auto length = static_cast<int64_t>(of.text().length);
  const auto clamp = [&](size_t i, int64_t open) {
    if (!bound.find(i)) return open;
    const int64_t at = bound.integer(i, open);
    return at < 0 ? std::max<int64_t>(at < -length ? 0 : at + length, 0) : at;
  };
  const int64_t start = clamp(1, 0);
  const int64_t end = std::min(clamp(2, length), length);
  if (start > end) return {std::string_view(), -1};
  const std::string_view text = of.bytes();
  const size_t from = code_point_offset(text, static_cast<size_t>(start));
  const size_t bytes = code_point_offset(text.substr(from), static_cast<size_t>(end - start));
  return {text.substr(from, bytes), start};
}

bool has_affix(const char* what, const Value& of, Arguments& arguments, bool at_start) {
  const Bound bound(what, arguments, {"affix", "start", "end"}, 1);
  const auto [text, start] = window(of, bound);
  const auto matches = [&, view = text, from = start](const Value& affix) {
    if (!affix.is_string()) stop("{} arg must be str or a tuple of str, not {}", what, affix.type_name());
    if (from < 0) return false;
    return at_start ? view.starts_with(affix.bytes()) : view.ends_with(affix.bytes());
  };
  const Value& affix = bound.at(0);
  if (!affix.is_sequence(SequenceKind::tuple)) return matches(affix);
  return std::any_of(affix.sequence().items.begin(), affix.sequence().items.end(), matches);
}

Value starts_with(Evaluator&, const Value& of, Arguments& a) {
  return Value::boolean(has_affix("startswith", of, a, true));
}

Value ends_with(Evaluator&, const Value& of, Arguments& a) {
  return Value::boolean(has_affix("endswith", of, a, false));
}

int64_t position(const char* what, const Value& of, Arguments& arguments, bool from_right) {
  const Bound bound(what, arguments, {"sub", "start", "end"}, 1);
  const std::string needle = bound.text(0, "");
  const auto [text, start] = window(of, bound);
  if (start < 0) return -1;
  const size_t at = from_right ? find_last_text(text, needle) : find_text(text, needle);
  if (at == std::string_view::npos) return -1;
  return start + static_cast<int64_t>(count_code_points(text.substr(0, at)));
}

int64_t sure_position(const char* what, const Value& of, Arguments& arguments, bool from_right) {
  const int64_t at = position(what, of, arguments, from_right);
  if (at < 0) stop("{}: substring not found", what);
  return at;
}

Value find_left(Evaluator&, const Value& of, Arguments& a) { return Value::integer(position("find", of, a, false)); }
Value find_right(Evaluator&, const Value& of, Arguments& a) { return Value::integer(position("rfind", of, a, true)); }
Value index_left(Evaluator&, const Value& of, Arguments& a) {
  return Value::integer(sure_position("index", of, a, false));
}
Value index_right(Evaluator&, const Value& of, Arguments& a) {
  return Value::integer(sure_position("rindex", of, a, true));
}

Value count(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound("count", arguments, {"sub", "start", "end"}, 1);
  const std::string needle = bound.text(0, "");
  const auto [text, start] = window(of, bound);
  if (start < 0) return Value::integer(0);
  if (needle.empty()) return Value::integer(static_cast<int64_t>(count_code_points(text)) + 1);
  int64_t found = 0;
  for (size_t at = find_text(text, needle); at != std::string_view::npos;
       at = find_text(text, needle, at + needle.size())) {
    ++found;
  }
  return Value::integer(found);
}

Value replaced(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  return like(of, replace(of.bytes(), bound.text(0, ""), bound.text(1, ""), bound.integer(2, -1)));
}

Value joined(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"}, 1);
  evaluator.charge_walk(bound.at(0));
  std::string out;
  bool is_first = true;
  const auto all = iterate(bound.at(0));
  for (const Value& item : all->items) {
    if (!item.is_string()) stop("join: expected str items, found {}", item.type_name());
    if (!is_first) out += of.bytes();
    is_first = false;
    out += item.bytes();
    if (out.size() > kTextBytesMax) stop("a joined string is longer than {} bytes", kTextBytesMax);
  }
  return like(of, std::move(out));
}

Value pad_with(const char* what, const Value& of, Arguments& arguments, bool left, bool right) {
  const Bound bound(what, arguments, {"width", "fillchar"}, 1);
  return like(of, pad(of.bytes(), bound.integer(0, 0), bound.text(1, " "), left, right));
}

Value center(Evaluator&, const Value& of, Arguments& a) { return pad_with("center", of, a, true, true); }
Value justify_left(Evaluator&, const Value& of, Arguments& a) { return pad_with("ljust", of, a, false, true); }
Value justify_right(Evaluator&, const Value& of, Arguments& a) { return pad_with("rjust", of, a, true, false); }

Value zero_fill(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"}, 1);
  const std::string& text = of.bytes();
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const int64_t width = bound.integer(0, 0) - (has_sign ? 1 : 0);
  return like(of, text.substr(0, has_sign ? 1 : 0) + pad(text.substr(has_sign ? 1 : 0), width, "0", true, false));
}

Value without_prefix(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound("removeprefix", arguments, {"prefix"}, 1);
  const std::string prefix = bound.text(0, "");
  return of.bytes().starts_with(prefix) ? like(of, of.bytes().substr(prefix.size())) : of;
}

Value without_suffix(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound("removesuffix", arguments, {"suffix"}, 1);
  const std::string suffix = bound.text(0, "");
  return of.bytes().ends_with(suffix) ? like(of, of.bytes().substr(0, of.bytes().size() - suffix.size())) : of;
}

using Mapping = std::string (*)(std::string_view);

template <Mapping mapping>
Value mapped(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  return like(of, mapping(of.bytes()));
}

using CharacterTest = bool (*)(uint32_t);

// Whether the string is not empty and every character passes.
template <CharacterTest test>
Value all_are(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  const auto pieces = code_points(of.bytes());
  return Value::boolean(!pieces.empty() && std::all_of(pieces.begin(), pieces.end(), [](std::string_view piece) {
    return test(code_point_at(piece));
  }));
}

// Whether there are cased letters and all have the case of `is_it`.
template <CharacterTest is_it, CharacterTest is_other>
Value all_cased(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  bool found = false;
  for (const std::string_view piece : code_points(of.bytes())) {
    if (is_other(code_point_at(piece))) return Value::boolean(false);
    found |= is_it(code_point_at(piece));
  }
  return Value::boolean(found);
}

bool is_letter_or_digit(uint32_t c) { return is_letter(c) || is_decimal(c); }

}  // namespace

const MethodTable& string_methods() {
  static const MethodTable kMethods = {{"strip", strip_both},
                                       {"lstrip", strip_left},
                                       {"rstrip", strip_right},
                                       {"split", split_left},
                                       {"rsplit", split_right},
                                       {"splitlines", split_lines_of},
                                       {"partition", partition_left},
                                       {"rpartition", partition_right},
                                       {"startswith", starts_with},
                                       {"endswith", ends_with},
                                       {"find", find_left},
                                       {"rfind", find_right},
                                       {"index", index_left},
                                       {"rindex", index_right},
                                       {"count", count},
                                       {"replace", replaced},
                                       {"join", joined},
                                       {"center", center},
                                       {"ljust", justify_left},
                                       {"rjust", justify_right},
                                       {"zfill", zero_fill},
                                       {"removeprefix", without_prefix},
                                       {"removesuffix", without_suffix},
                                       {"upper", mapped<to_upper>},
                                       {"lower", mapped<to_lower>},
                                       {"casefold", mapped<to_lower>},
                                       {"capitalize", mapped<capitalize>},
                                       {"title", mapped<title_case>},
                                       {"swapcase", mapped<swap_case>},
                                       {"isspace", all_are<is_space>},
                                       {"isalpha", all_are<is_letter>},
                                       {"isdigit", all_are<is_decimal>},
                                       {"isdecimal", all_are<is_decimal>},
                                       {"isnumeric", all_are<is_decimal>},
                                       {"isalnum", all_are<is_letter_or_digit>},
                                       {"isupper", all_cased<is_upper, is_lower>},
                                       {"islower", all_cased<is_lower, is_upper>}};
  return kMethods;
}

}  // namespace estoc::jinja
