#include "http/sse_parser.h"

namespace estoc::http {

bool SseParser::read_line(std::string_view& bytes) {
  if (skips_newline_) {
    skips_newline_ = false;
    if (bytes.front() == '\n') {
      bytes.remove_prefix(1);
      return false;
    }
  }
  const size_t end = bytes.find_first_of("\r\n");
  const std::string_view piece = bytes.substr(0, end);
  if (line_.size() + data_.size() + piece.size() > event_bytes_max_) {
    is_too_large_ = true;
    return false;
  }
  line_.append(piece);
  if (end == std::string_view::npos) {
    bytes = {};
    return false;
  }
  skips_newline_ = bytes[end] == '\r';
  bytes.remove_prefix(end + 1);
  const bool is_event = take_line();
  line_.clear();
  return is_event;
}

bool SseParser::take_line() {
  std::string_view line = line_;
  if (is_first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  is_first_line_ = false;
  if (line.empty()) {
    const bool is_event = has_data_;
    has_data_ = false;
    return is_event;
  }
  const size_t colon = line.find(':');
  if (line.substr(0, colon) != "data") return false;
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (has_data_) data_ += '\n';
  has_data_ = true;
  data_ += value;
  return false;
}

}  // namespace estoc::http
