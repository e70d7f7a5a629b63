#include "http/response_reader.h"

#include <algorithm>
#include <charconv>

#include "http/field_text.h"

namespace estoc::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// All of `text` as a number; false when it is none or above kBodyBytesMax.
bool parse_number(std::string_view text, int base, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && number <= ResponseReader::kBodyBytesMax;
}

}  // namespace

ResponseReader::State ResponseReader::state() const {
  switch (part_) {
    case Part::status_line:
    case Part::header:
      return State::head;
    case Part::done:
      return State::done;
    case Part::broken:
      return State::broken;
    default:
      return State::body;
  }
}

ResponseReader::State ResponseReader::feed(std::string_view bytes, std::string& body) {
  while (!bytes.empty() && part_ != Part::broken) {
    if (part_ == Part::done) {
      keeps_alive_ = false;
      break;
    }
    const bool is_body = part_ == Part::sized_body || part_ == Part::chunk || part_ == Part::open_body;
    bytes.remove_prefix(is_body ? read_body(bytes, body) : read_line(bytes));
  }
  return state();
}

ResponseReader::State ResponseReader::end() {
  keeps_alive_ = false;
  if (part_ == Part::open_body) part_ = Part::done;
  if (part_ != Part::done) fail_with("the connection ended before the answer did");
  return state();
}

size_t ResponseReader::read_body(std::string_view bytes, std::string& body) {
  const size_t count = part_ == Part::open_body ? bytes.size() : std::min<uint64_t>(bytes.size(), body_left_);
  body.append(bytes.substr(0, count));
  head_bytes_ = 0;
  if (part_ == Part::open_body) return count;
  body_left_ -= count;
  if (body_left_ == 0) part_ = part_ == Part::chunk ? Part::chunk_end : Part::done;
  return count;
}

size_t ResponseReader::read_line(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
  head_bytes_ += count;
  if (head_bytes_ > kHeadBytesMax) {
    fail_with("the head of the answer is too large");
    return count;
  }
  line_.append(bytes.substr(0, count));
  if (end == std::string_view::npos) return count;
  line_.pop_back();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  take_line();
  line_.clear();
  return count;
}

void ResponseReader::take_line() {
  switch (part_) {
    case Part::status_line:
      return take_status_line();
    case Part::header:
      return line_.empty() ? end_head() : take_header();
    case Part::chunk_size:
      return take_chunk_size();
    case Part::chunk_end:
      if (!line_.empty()) return fail_with("a chunk of the answer is longer than it says");
      part_ = Part::chunk_size;
      return;
    default:  // trailers are skipped
      if (line_.empty()) part_ = Part::done;
  }
}

void ResponseReader::take_status_line() {
  const std::string_view line = line_;
  uint64_t status = 0;
  const bool is_http = line.size() >= 12 && line.starts_with("HTTP/1.") && line[8] == ' ' &&
                       (line.size() == 12 || line[12] == ' ') && parse_number(line.substr(9, 3), 10, status);
  if (!is_http || status < 100) return fail_with("the answer is not HTTP/1.1");
  status_ = static_cast<int>(status);
  keeps_alive_ = line[7] != '0';
  part_ = Part::header;
}

void ResponseReader::take_header() {
  const size_t colon = line_.find(':');
  if (colon == std::string::npos) return fail_with("a header of the answer has no colon");
  const std::string_view name = std::string_view(line_).substr(0, colon);
  const std::string_view value = trimmed(std::string_view(line_).substr(colon + 1));
  uint64_t number = 0;
  if (equals_ignoring_case(name, "content-length")) {
    if (!parse_number(value, 10, number)) return fail_with("the answer's content-length is no length");
    if (has_length_ && number != body_left_) return fail_with("the answer has two lengths");
    has_length_ = true;
    body_left_ = number;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (!equals_ignoring_case(value, "chunked")) return fail_with("the answer's transfer-encoding is not chunked");
    is_chunked_ = true;
  } else if (equals_ignoring_case(name, "connection")) {
    if (equals_ignoring_case(value, "close")) keeps_alive_ = false;
  } else if (equals_ignoring_case(name, "retry-after")) {
    if (parse_number(value, 10, number)) retry_after_s_ = static_cast<double>(number);
  }
}

void ResponseReader::end_head() {
  head_bytes_ = 0;
  if (status_ < 200) {  // 100 Continue and the like: the answer itself follows
    status_ = 0;
    has_length_ = is_chunked_ = false;
    body_left_ = 0;
    part_ = Part::status_line;
  } else if (status_ == 204 || status_ == 304) {
    part_ = Part::done;
  } else if (is_chunked_) {
    part_ = Part::chunk_size;
  } else if (has_length_) {
    part_ = body_left_ > 0 ? Part::sized_body : Part::done;
  } else {
    keeps_alive_ = false;
    part_ = Part::open_body;
  }
}

void ResponseReader::take_chunk_size() {
  const std::string_view size = trimmed(std::string_view(line_).substr(0, line_.find(';')));
  if (!parse_number(size, 16, body_left_)) return fail_with("a chunk of the answer has no size");
  part_ = body_left_ > 0 ? Part::chunk : Part::trailer;
}

void ResponseReader::fail_with(const char* sentence) {
  part_ = Part::broken;
  keeps_alive_ = false;
  error_ = sentence;
}

}  // namespace estoc::http
