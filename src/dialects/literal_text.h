// Values written as Python or Gemma write them, as JSON text: 'a', True, [1, 2], {'k': None}, {k:<|"|>text<|"|>}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace estoc {

struct LiteralStyle {
  std::string_view quote;      // goes around strings as they are, besides ' and " with escapes; may be empty
  bool has_bare_keys = false;  // keys of objects without quotes
};

// The JSON text of a whole value, or nothing when it is none. Tuples are arrays.
std::optional<std::string> literal_json(std::string_view text, const LiteralStyle& style);

// Where a value ends in text that arrives in pieces: at the first of `ends` outside of quotes and brackets.
class LiteralExtent {
 public:
  LiteralExtent(const LiteralStyle& style, std::string_view ends) : style_(style), ends_(ends) {}
  // Looks on in `text`, which grew at its end since the last call; npos while the end was not seen.
  size_t find_end(std::string_view text, bool is_closed);

 private:
  LiteralStyle style_;
  std::string_view ends_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string_view open_quote_;  // empty outside of strings
};

}  // namespace estoc
