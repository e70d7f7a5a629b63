#include "report/markup.h"

#include "base/utf8.h"

namespace estoc {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_xml_char(uint32_t c) {
  const bool is_blank = c == '\t' || c == '\n' || c == '\r';
  return (c >= 0x20 && c != 0x7F && c != 0xFFFE && c != 0xFFFF) || is_blank;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const int bytes = utf8_sequence_bytes(text);
    const auto length = static_cast<size_t>(bytes > 0 ? bytes : 1);
    switch (text[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += bytes > 0 && is_xml_char(utf8_decode(text, bytes)) ? text.substr(0, length) : kReplacement;
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace estoc
