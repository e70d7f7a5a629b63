// Methods of strings that take them apart, search them, pad them and go over their characters.
#include <algorithm>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

Value like(const Value& of, std::string bytes) { return Value::string(std::move(bytes), of.text().is_markup); }

// An argument that becomes part of the result: a string, and for markup anything, escaped.
std::string taken_in(Evaluator& evaluator, const Value& of, const Bound& bound, size_t i) {
  return of.text().is_markup ? escaped_text(evaluator, bound.at(i)) : bound.text(i, "");
}

Value strip_with(const char* what, const Value& of, Arguments& arguments, bool left, bool right) {
  const Bound bound = Bound::by_position(what, arguments, {"chars"});
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
  if (!bound.find(0)) evaluator.charge_characters(of);
  const auto parts = split(of.bytes(), bound.find(0) ? &separator : nullptr, bound.integer(1, -1), from_right);
  evaluator.charge(parts.size());
  return list_of(of, parts);
}

Value split_left(Evaluator& e, const Value& of, Arguments& a) { return split_with("split", e, of, a, false); }
Value split_right(Evaluator& e, const Value& of, Arguments& a) { return split_with("rsplit", e, of, a, true); }

Value split_lines_of(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  evaluator.charge_characters(of);
  const auto lines = split_lines(of.bytes(), bound.flag(0, false));
  evaluator.charge(lines.size());
  return list_of(of, lines);
}

Value partition_with(const char* what, const Value& of, Arguments& arguments, bool from_right) {
  const Bound bound = Bound::by_position(what, arguments, {"sep"}, 1);
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
  const Bound bound = Bound::by_position(what, arguments, {"affix", "start", "end"}, 1);
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
  const Bound bound = Bound::by_position(what, arguments, {"sub", "start", "end"}, 1);
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
  const Bound bound = Bound::by_position("count", arguments, {"sub", "start", "end"}, 1);
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

Value replaced(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("replace", arguments, {"old", "new", "count"}, 2);
  return like(of, replace(of.bytes(), bound.text(0, ""), taken_in(evaluator, of, bound, 1), bound.integer(2, -1)));
}

Value joined(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("join", arguments, {"iterable"}, 1);
  evaluator.charge_walk(bound.at(0));
  std::string out;
  bool is_first = true;
  const auto all = iterate(bound.at(0));
  for (const Value& item : all->items) {
    if (!item.is_string() && !of.text().is_markup) stop("join: expected str items, found {}", item.type_name());
    if (!is_first) out += of.bytes();
    is_first = false;
    out += of.text().is_markup ? escaped_text(evaluator, item) : item.bytes();
    if (out.size() > kTextBytesMax) stop("a joined string is longer than {} bytes", kTextBytesMax);
  }
  return like(of, std::move(out));
}

Value pad_with(const char* what, Evaluator& e, const Value& of, Arguments& arguments, bool left, bool right) {
  const Bound bound = Bound::by_position(what, arguments, {"width", "fillchar"}, 1);
  const std::string fill = bound.has(1) ? taken_in(e, of, bound, 1) : " ";
  return like(of, pad(of.bytes(), bound.integer(0, 0), fill, left, right));
}

Value center(Evaluator& e, const Value& of, Arguments& a) { return pad_with("center", e, of, a, true, true); }
Value justify_left(Evaluator& e, const Value& of, Arguments& a) { return pad_with("ljust", e, of, a, false, true); }
Value justify_right(Evaluator& e, const Value& of, Arguments& a) { return pad_with("rjust", e, of, a, true, false); }

Value zero_fill(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("zfill", arguments, {"width"}, 1);
  const std::string& text = of.bytes();
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const int64_t width = bound.integer(0, 0) - (has_sign ? 1 : 0);
  return like(of, text.substr(0, has_sign ? 1 : 0) + pad(text.substr(has_sign ? 1 : 0), width, "0", true, false));
}

Value without_prefix(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("removeprefix", arguments, {"prefix"}, 1);
  const std::string prefix = bound.text(0, "");
  return of.bytes().starts_with(prefix) ? like(of, of.bytes().substr(prefix.size())) : of;
}

Value without_suffix(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("removesuffix", arguments, {"suffix"}, 1);
  const std::string suffix = bound.text(0, "");
  return of.bytes().ends_with(suffix) ? like(of, of.bytes().substr(0, of.bytes().size() - suffix.size())) : of;
}

using Mapping = std::string (*)(std::string_view);

template <Mapping mapping>
Value mapped(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  evaluator.charge_characters(of);
  return Value::string(mapping(of.bytes()), of.text().is_markup);
}

using TextTest = bool (*)(std::string_view);

template <TextTest test>
Value asked(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  evaluator.charge_characters(of);
  return Value::boolean(test(of.bytes()));
}

using CharacterTest = bool (*)(uint32_t);

template <CharacterTest test>
bool all_are(std::string_view text) {
  const CodePoints pieces = code_points(text);
  return std::all_of(pieces.begin(), pieces.end(), [](std::string_view piece) { return test(code_point_at(piece)); });
}

template <CharacterTest test>
bool some_and_all_are(std::string_view text) {
  return !text.empty() && all_are<test>(text);
}

bool is_ascii(uint32_t c) { return c < 0x80; }

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
                                       {"casefold", mapped<fold_case>},
                                       {"capitalize", mapped<capitalize>},
                                       {"title", mapped<title_case>},
                                       {"swapcase", mapped<swap_case>},
                                       {"isspace", asked<some_and_all_are<is_space>>},
                                       {"isalpha", asked<some_and_all_are<is_letter>>},
                                       {"isdigit", asked<some_and_all_are<is_digit>>},
                                       {"isdecimal", asked<some_and_all_are<is_decimal>>},
                                       {"isnumeric", asked<some_and_all_are<is_numeric>>},
                                       {"isalnum", asked<some_and_all_are<is_alphanumeric>>},
                                       {"isascii", asked<all_are<is_ascii>>},
                                       {"isprintable", asked<all_are<is_printable>>},
                                       {"isidentifier", asked<is_identifier>},
                                       {"isupper", asked<is_upper_text>},
                                       {"islower", asked<is_lower_text>},
                                       {"istitle", asked<is_title_text>}};
  return kMethods;
}

}  // namespace estoc::jinja
