#include "dialects/literal_text.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace estoc {
namespace {

constexpr int kDepthMax = 64;

constexpr std::string_view kSingle = "'", kDouble = "\"";

class Reader {
 public:
  Reader(std::string_view text, const LiteralStyle& style) : rest_(text), style_(style) {}

  bool read_all(std::string& json) { return read(json, 0) && (skip_blanks(), rest_.empty()); }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool takes(std::string_view text) {
    skip_blanks();
    if (text.empty() || !rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool read(std::string& json, int depth) {
    if (depth > kDepthMax) return false;
    std::string string;
    bool is_string = false;
    if (!read_string(string, is_string)) return false;
    if (is_string) {
      append_json_string(json, string);
      return true;
    }
    if (takes("[")) return read_list("]", json, depth);
    if (takes("(")) return read_list(")", json, depth);
    if (takes("{")) return read_object(json, depth);
    return read_word(json);
  }

  bool read_list(std::string_view end, std::string& json, int depth) {
    json += '[';
    for (bool is_first = true; !takes(end); is_first = false) {
      if (!is_first) json += ", ";
      if (!read(json, depth + 1)) return false;
      if (takes(",")) continue;
      if (!takes(end)) return false;
      break;
    }
    json += ']';
    return true;
  }

  bool read_object(std::string& json, int depth) {
    json += '{';
    for (bool is_first = true; !takes("}"); is_first = false) {
      if (!is_first) json += ", ";
      std::string key;
      bool is_string = false;
      if (!read_string(key, is_string)) return false;
      if (!is_string) {
        if (!style_.has_bare_keys) return false;
        const size_t end = rest_.find(':');
        if (end == std::string_view::npos) return false;
        key = rest_.substr(0, end);
        rest_.remove_prefix(end);
      }
      append_json_string(json, key);
      if (!takes(":")) return false;
      json += ": ";
      if (!read(json, depth + 1)) return false;
      if (takes(",")) continue;
      if (!takes("}")) return false;
      break;
    }
    json += '}';
    return true;
  }

  // False for a string that is broken.
  bool read_string(std::string& string, bool& is_string) {
    if (takes(style_.quote)) {
      is_string = true;
      const size_t end = rest_.find(style_.quote);
      if (end == std::string_view::npos) return false;
      string = rest_.substr(0, end);
      rest_.remove_prefix(end + style_.quote.size());
      return true;
    }
    while (takes(kSingle) || takes(kDouble)) {  // pieces that stand side by side are one string
      is_string = true;
      const char quote = *(rest_.data() - 1);
      for (;;) {
        if (rest_.empty()) return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == quote) break;
        if (c != '\\') {
          string += c;
        } else if (!read_escape(string)) {
          return false;
        }
      }
    }
    return true;
  }

  bool read_escape(std::string& string) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kLetters = "abfnrtv0", kMeanings = "\a\b\f\n\r\t\v";
    if (const size_t at = kLetters.find(c); at != std::string_view::npos) {
      string += at < kMeanings.size() ? kMeanings[at] : '\0';
      return true;
    }
    if (c == '\n') return true;
    if (c == 'x' || c == 'u' || c == 'U') return read_hex(c == 'x' ? 2 : c == 'u' ? 4 : 8, string);
    if (std::string_view("\\'\"/").find(c) == std::string_view::npos) string += '\\';
    string += c;
    return true;
  }

  bool read_hex(size_t digits, std::string& string) {
    uint32_t code = 0;
    if (!read_digits(digits, code)) return false;
    const bool is_high = code >= 0xD800 && code < 0xDC00;
    if (is_high && rest_.starts_with("\\u")) {
      rest_.remove_prefix(2);
      uint32_t low = 0;
      if (!read_digits(4, low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    utf8_append(string, code);
    return true;
  }

  bool read_digits(size_t digits, uint32_t& code) {
    if (rest_.size() < digits) return false;
    for (size_t i = 0; i < digits; ++i) {
      const size_t value = std::string_view("0123456789abcdef").find(static_cast<char>(rest_[i] | 0x20));
      if (value == std::string_view::npos || (rest_[i] < '0')) return false;
      code = code * 16 + static_cast<uint32_t>(value);
    }
    rest_.remove_prefix(digits);
    return true;
  }

  bool read_word(std::string& json) {
    const size_t end = std::min(rest_.find_first_of(",:]})( \t\r\n"), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (word == "True" || word == "true") {
      json += "true";
    } else if (word == "False" || word == "false") {
      json += "false";
    } else if (word == "None" || word == "null") {
      json += "null";
    } else {
      try {
        const Json number = parse_json(word.starts_with('+') ? word.substr(1) : word);
        if (!number.is_number()) return false;
        json += to_json(number);
      } catch (const Error&) {
        return false;
      }
    }
    return true;
  }

  std::string_view rest_;
  const LiteralStyle& style_;
};

}  // namespace

std::optional<std::string> literal_json(std::string_view text, const LiteralStyle& style) {
  std::string json;
  if (!Reader(text, style).read_all(json)) return std::nullopt;
  return json;
}

size_t LiteralExtent::find_end(std::string_view text, bool is_closed) {
  while (at_ < text.size()) {
    const std::string_view rest = text.substr(at_);
    // A mark of several characters may not be there in whole yet.
    if (!is_closed && rest.size() < style_.quote.size() && style_.quote.starts_with(rest)) break;
    if (!open_quote_.empty()) {
      if (open_quote_ != style_.quote && rest.front() == '\\') {
        if (rest.size() == 1) break;
        at_ += 2;
      } else if (rest.starts_with(open_quote_)) {
        at_ += open_quote_.size();
        open_quote_ = {};
      } else {
        ++at_;
      }
      continue;
    }
    for (const std::string_view quote : {style_.quote, kSingle, kDouble}) {
      if (open_quote_.empty() && !quote.empty() && rest.starts_with(quote)) open_quote_ = quote;
    }
    if (!open_quote_.empty()) {
      at_ += open_quote_.size();
      continue;
    }
    const char c = rest.front();
    if (depth_ == 0 && ends_.find(c) != std::string_view::npos) return at_;
    if (c == '[' || c == '(' || c == '{') ++depth_;
    if (c == ']' || c == ')' || c == '}') --depth_;
    ++at_;
  }
  return std::string_view::npos;
}

}  // namespace estoc
