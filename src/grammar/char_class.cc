#include "grammar/char_class.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace estoc::grammar {
namespace {

struct NamedCategory {
  std::string_view name, long_name;
  ClassSet classes;
};

const NamedCategory kCategories[] = {
    {"L", "Letter", kLetterClass},
    {"M", "Mark", kMarkClass},
    {"N", "Number", kNumberClass},
    {"P", "Punctuation", kPunctuationClass},
    {"S", "Symbol", kSymbolClass},
    {"Z", "Separator", kSeparatorClass},
    {"C", "Other", kOtherClass},
    {"Ll", "Lowercase_Letter", class_bit(Category::ll)},
    {"Lm", "Modifier_Letter", class_bit(Category::lm)},
    {"Lo", "Other_Letter", class_bit(Category::lo)},
    {"Lt", "Titlecase_Letter", class_bit(Category::lt)},
    {"Lu", "Uppercase_Letter", class_bit(Category::lu)},
    {"LC", "Cased_Letter", class_bit(Category::ll) | class_bit(Category::lt) | class_bit(Category::lu)},
    {"Mc", "Spacing_Mark", class_bit(Category::mc)},
    {"Me", "Enclosing_Mark", class_bit(Category::me)},
    {"Mn", "Nonspacing_Mark", class_bit(Category::mn)},
    {"Nd", "Decimal_Number", class_bit(Category::nd)},
    {"Nl", "Letter_Number", class_bit(Category::nl)},
    {"No", "Other_Number", class_bit(Category::no)},
    {"Pc", "Connector_Punctuation", class_bit(Category::pc)},
    {"Pd", "Dash_Punctuation", class_bit(Category::pd)},
    {"Pe", "Close_Punctuation", class_bit(Category::pe)},
    {"Pf", "Final_Punctuation", class_bit(Category::pf)},
    {"Pi", "Initial_Punctuation", class_bit(Category::pi)},
    {"Po", "Other_Punctuation", class_bit(Category::po)},
    {"Ps", "Open_Punctuation", class_bit(Category::ps)},
    {"Sc", "Currency_Symbol", class_bit(Category::sc)},
    {"Sk", "Modifier_Symbol", class_bit(Category::sk)},
    {"Sm", "Math_Symbol", class_bit(Category::sm)},
    {"So", "Other_Symbol", class_bit(Category::so)},
    {"Zl", "Line_Separator", class_bit(Category::zl)},
    {"Zp", "Paragraph_Separator", class_bit(Category::zp)},
    {"Zs", "Space_Separator", class_bit(Category::zs)},
    {"Cc", "Control", class_bit(Category::cc)},
    {"Cf", "Format", class_bit(Category::cf)},
    {"Cn", "Unassigned", class_bit(Category::cn)},
    {"Co", "Private_Use", class_bit(Category::co)},
    {"digit", "Nd", class_bit(Category::nd)},
    {"punct", "Punctuation", kPunctuationClass},
};

CharSet digits() { return CharSet({{'0', '9'}}); }
CharSet word() { return CharSet({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }
// WhiteSpace and LineTerminator of ECMA-262.
CharSet white_space() {
  return CharSet({{'\t', '\r'},
                  {' ', ' '},
                  {0xA0, 0xA0},
                  {0x1680, 0x1680},
                  {0x2000, 0x200A},
                  {0x2028, 0x2029},
                  {0x202F, 0x202F},
                  {0x205F, 0x205F},
                  {0x3000, 0x3000},
                  {0xFEFF, 0xFEFF}});
}

class Reader {
 public:
  Reader(std::string_view text, size_t& at) : text_(text), at_(at) {}

  CharSet read() {
    if (take('[')) return bracket();
    if (take('\\')) return escape(false);
    return CharSet::one(literal());
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorCode::invalid_argument, "regular expression: {} at byte {}", what, at_);
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  uint32_t literal() {
    const std::string_view rest = text_.substr(at_);
    if (rest.empty()) refuse("the end, where a character was expected,");
    const int bytes = utf8_sequence_bytes(rest);
    if (bytes <= 0) refuse("broken UTF-8");
    at_ += static_cast<size_t>(bytes);
    return utf8_decode(rest, bytes);
  }

  CharSet bracket() {
    const bool is_negated = take('^');
    std::vector<CharRange> ranges;
    while (!take(']')) {
      if (at_ >= text_.size()) refuse("a '[' without its ']'");
      // In ECMA-262 [] is nothing and [^] is everything; elsewhere a first ']' is itself, which nobody writes.
      const CharSet low = member();
      const auto add = [&](const CharSet& chars) {
        ranges.insert(ranges.end(), chars.ranges().begin(), chars.ranges().end());
      };
      const bool is_range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (!is_range || !is_one(low)) {
        add(low);
        continue;
      }
      const size_t dash = at_++;
      const CharSet high = member();
      if (!is_one(high)) {  // [a-\d]: the dash is itself
        add(low);
        add(CharSet::one('-'));
        add(high);
        continue;
      }
      const uint32_t from = low.ranges()[0].first, to = high.ranges()[0].first;
      if (from > to) {
        at_ = dash;
        refuse("a range whose ends are the wrong way round");
      }
      ranges.emplace_back(from, to);
    }
    const CharSet out(std::move(ranges));
    return is_negated ? out.complement() : out;
  }

  static bool is_one(const CharSet& chars) {
    return chars.ranges().size() == 1 && chars.ranges()[0].first == chars.ranges()[0].second;
  }

  CharSet member() {
    if (text_.substr(at_).starts_with("[:")) {
      fail(ErrorCode::unsupported, "regular expression: POSIX classes (at byte {}) are not supported", at_);
    }
    if (text_.substr(at_).starts_with("&&") || text_.substr(at_).starts_with("--[")) {
      fail(ErrorCode::unsupported, "regular expression: operations on classes (at byte {}) are not supported", at_);
    }
    return take('\\') ? escape(true) : CharSet::one(literal());
  }

  uint32_t hex(size_t count) {
    uint32_t out = 0;
    for (size_t i = 0; i < count; ++i) {
      const int digit = at_ < text_.size() ? hex_digit(text_[at_]) : -1;
      if (digit < 0) refuse("a hexadecimal escape that is too short");
      out = out * 16 + static_cast<uint32_t>(digit);
      ++at_;
    }
    return out;
  }

  uint32_t braced_hex() {
    uint32_t out = 0;
    size_t count = 0;
    while (!take('}')) {
      if (++count > 6) refuse("a code point that is too long");
      out = out * 16 + hex(1);
    }
    if (count == 0 || out > kCodePointMax) refuse("a code point that does not exist");
    return out;
  }

  CharSet unicode_escape() {
    if (take('{')) return CharSet::one(braced_hex());
    const uint32_t first = hex(4);
    if (first >= 0xD800 && first <= 0xDBFF && text_.substr(at_).starts_with("\\u")) {
      const size_t behind = at_;
      at_ += 2;
      const uint32_t second = hex(4);
      if (second >= 0xDC00 && second <= 0xDFFF) {
        return CharSet::one(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
      }
      at_ = behind;
    }
    return CharSet::one(first);
  }

  CharSet category(bool is_negated) {
    std::string name;
    if (take('{')) {
      while (!take('}')) {
        if (at_ >= text_.size()) refuse("a \\p{ without its }");
        name += text_[at_++];
      }
    } else if (at_ < text_.size()) {
      name = text_[at_++];
    }
    if (take('^')) refuse("a negated name of a category");
    std::string_view key = name;
    for (const std::string_view prefix : {"General_Category=", "gc="}) {
      if (key.starts_with(prefix)) key.remove_prefix(prefix.size());
    }
    std::optional<CharSet> out;
    if (key == "Any") out = CharSet::all();
    if (key == "ASCII") out = CharSet({{0, 0x7F}});
    if (key == "White_Space" || key == "space") out = CharSet(class_ranges(kSpaceClass));
    for (const NamedCategory& one : kCategories) {
      if (!out && (key == one.name || key == one.long_name)) out = CharSet(class_ranges(one.classes));
    }
    if (!out) {
      fail(ErrorCode::unsupported,
           "regular expression: \\p{{{}}} is no general category of Unicode, others are not supported", name);
    }
    return is_negated ? out->complement() : *out;
  }

  CharSet escape(bool is_in_bracket) {
    if (at_ >= text_.size()) refuse("a backslash that escapes nothing");
    const uint32_t c = literal();
    switch (c) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word();
      case 'W':
        return word().complement();
      case 's':
        return white_space();
      case 'S':
        return white_space().complement();
      case 'p':
        return category(false);
      case 'P':
        return category(true);
      case 'n':
        return CharSet::one('\n');
      case 'r':
        return CharSet::one('\r');
      case 't':
        return CharSet::one('\t');
      case 'f':
        return CharSet::one('\f');
      case 'v':
        return CharSet::one('\v');
      case 'a':
        return CharSet::one('\a');
      case 'e':
        return CharSet::one(0x1B);
      case '0':
        return CharSet::one(0);
      case 'b':
        if (is_in_bracket) return CharSet::one('\b');
        break;
      case 'x':
        return CharSet::one(take('{') ? braced_hex() : hex(2));
      case 'u':
        return unicode_escape();
      case 'c': {
        const uint32_t letter = literal();
        if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')) return CharSet::one(letter % 32);
        break;
      }
      default:
        break;
    }
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '1' && c <= '9');
    if (is_letter) refuse("an unknown escape just before");
    return CharSet::one(c);
  }

  std::string_view text_;
  size_t& at_;
};

}  // namespace

CharSet read_char_class(std::string_view text, size_t& at) { return Reader(text, at).read(); }

}  // namespace estoc::grammar
