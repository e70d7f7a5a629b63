#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

const std::map<std::string_view, ClassSet>& property_names() {
  static const std::map<std::string_view, ClassSet> names = [] {
    std::map<std::string_view, ClassSet> result = {
        {"L", kLetterClass},
        {"M", kMarkClass},
        {"N", kNumberClass},
        {"P", kPunctuationClass},
        {"S", kSymbolClass},
        {"Z", kSeparatorClass},
        {"C", kOtherClass},
        {"Letter", kLetterClass},
        {"Mark", kMarkClass},
        {"Number", kNumberClass},
        {"Punctuation", kPunctuationClass},
        {"Symbol", kSymbolClass},
    };
    constexpr std::string_view kTwoLetters[] = {"Cn", "Cc", "Cf", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu",
                                                "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf",
                                                "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"};
    for (int i = 0; i < 30; ++i) result[kTwoLetters[i]] = class_bit(static_cast<Category>(i));
    return result;
  }();
  return names;
}

// The inside of a bracket expression for a set, or for everything else when `inverted`.
std::string ranges_text(ClassSet set, bool inverted) {
  // White_Space is not a category, so its complement is not a union of categories: complement the ranges instead.
  auto ranges = class_ranges(set);
  if (inverted) {
    std::vector<std::pair<uint32_t, uint32_t>> gaps;
    uint32_t next = 0;
    for (const auto& [first, last] : ranges) {
      if (first > next) gaps.emplace_back(next, first - 1);
      next = last + 1;
    }
    if (next <= 0x10FFFF) gaps.emplace_back(next, 0x10FFFF);
    ranges = std::move(gaps);
  }
  std::string text;
  for (const auto& [first, last] : ranges) text += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", first, last);
  return text;
}

// Scripts. By itself \p{Han} means the script in Oniguruma and Script_Extensions in PCRE2, which takes in punctuation.
constexpr std::string_view kScripts[] = {"Arabic",   "Armenian", "Bengali",   "Bopomofo",  "Cyrillic", "Devanagari",
                                         "Ethiopic", "Georgian", "Greek",     "Gujarati",  "Gurmukhi", "Han",
                                         "Hangul",   "Hebrew",   "Hiragana",  "Kannada",   "Katakana", "Khmer",
                                         "Lao",      "Latin",    "Malayalam", "Mongolian", "Myanmar",  "Oriya",
                                         "Sinhala",  "Tamil",    "Telugu",    "Thai",      "Tibetan"};

// The name in a property escape that begins at pattern[at], when it is that of a script.
std::optional<std::string_view> script_name(std::string_view pattern, size_t at) {
  const std::string_view escape = pattern.substr(at, 3);
  if (escape != "\\p{" && escape != "\\P{") return std::nullopt;
  const std::string_view name = pattern.substr(at + 3, pattern.find('}', at) - at - 3);
  return std::ranges::find(kScripts, name) == std::end(kScripts) ? std::nullopt : std::optional(name);
}

// One escape at pattern[at] == '\\' that names a Unicode class: its set, whether it is inverted, and its length.
struct ClassEscape {
  ClassSet set;
  bool inverted;
  size_t length;
};

std::optional<ClassEscape> read_class_escape(std::string_view pattern, size_t at) {
  if (at + 1 >= pattern.size()) return std::nullopt;
  switch (pattern[at + 1]) {
    case 's':
      return ClassEscape{kSpaceClass, false, 2};
    case 'S':
      return ClassEscape{kSpaceClass, true, 2};
    case 'd':
      return ClassEscape{class_bit(Category::nd), false, 2};
    case 'D':
      return ClassEscape{class_bit(Category::nd), true, 2};
    case 'w':
      return ClassEscape{kWordClass, false, 2};
    case 'W':
      return ClassEscape{kWordClass, true, 2};
    case 'p':
    case 'P':
      break;
    default:
      return std::nullopt;
  }
  bool inverted = pattern[at + 1] == 'P';
  size_t name_start = at + 2;
  size_t name_end = name_start + 1;
  size_t end = name_end;
  if (name_start < pattern.size() && pattern[name_start] == '{') {
    name_end = pattern.find('}', name_start);
    if (name_end == std::string_view::npos) return std::nullopt;
    end = name_end + 1;
    ++name_start;
    if (name_start < name_end && pattern[name_start] == '^') {
      inverted = !inverted;
      ++name_start;
    }
  }
  if (name_end > pattern.size()) return std::nullopt;
  const auto found = property_names().find(pattern.substr(name_start, name_end - name_start));
  if (found == property_names().end()) return std::nullopt;  // scripts and the like are left to PCRE2
  return ClassEscape{found->second, inverted, end - at};
}

}  // namespace

std::string expand_unicode_classes(std::string_view pattern, std::string_view where) {
  std::string out;
  int depth = 0;  // of brackets
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\\') {
      if (const auto escape = read_class_escape(pattern, at)) {
        const std::string ranges = ranges_text(escape->set, escape->inverted);
        out += depth > 0 ? ranges : "[" + ranges + "]";
        at += escape->length;
      } else if (const auto script = script_name(pattern, at)) {
        out += fmt::format("\\{}{{sc:{}}}", pattern[at + 1], *script);
        at += 4 + script->size();
      } else {
        out += pattern.substr(at, 2);
        at += 2;
      }
      continue;
    }
    if (depth > 0 && (c == '[' || pattern.substr(at, 2) == "&&")) {
      fail(ErrorCode::unsupported, "{}: regular expression {}: nested or intersected classes are not supported", where,
           pattern);
    }
    if (c == '[') {
      ++depth;
      // A ']' right after the opening bracket is an ordinary character.
      size_t head = 1;
      if (pattern.substr(at + head, 1) == "^") ++head;
      if (pattern.substr(at + head, 1) == "]") ++head;
      out += pattern.substr(at, head);
      at += head;
      continue;
    }
    if (c == ']' && depth > 0) --depth;
    out.push_back(c);
    ++at;
  }
  return out;
}

}  // namespace estoc
