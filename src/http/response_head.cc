#include "http/response_head.h"

#include <fmt/core.h>

#include <ctime>
#include <iterator>
#include <string_view>

#include "http/field_text.h"

namespace estoc::http {
namespace {

// IMF-fixdate (RFC 9110 section 5.6.7), independent of the locale. Made once a second per thread.
const std::string& http_date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_at || text.empty()) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                       utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    made_at = now;
  }
  return text;
}

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (const char c : name) {
    const char lower = ascii_lower(c);
    const bool is_letter_or_digit = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (!is_letter_or_digit && kMarks.find(c) == std::string_view::npos) return false;
  }
  return !name.empty();
}

bool is_added_here(std::string_view name) {
  for (const char* own : {"content-length", "transfer-encoding", "connection", "date"}) {
    if (equals_ignoring_case(name, own)) return true;
  }
  return false;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) {
    const bool is_control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    out.push_back(is_control ? ' ' : c);
  }
  out.append("\r\n");
}

}  // namespace

const char* reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 529:
      return "Site Is Overloaded";
    default:
      return "Unknown";
  }
}

bool is_bodiless(int status) { return status == 204 || status == 304; }

std::string response_head(int status, const Headers& headers, const HeadFraming& framing) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\ndate: {}\r\n", status, reason_phrase(status), http_date());
  for (const auto& [name, value] : headers) {
    if (is_token(name) && !is_added_here(name)) append_header(out, name, value);
  }
  if (framing.content_bytes) {
    fmt::format_to(std::back_inserter(out), "content-length: {}\r\n", *framing.content_bytes);
  }
  if (framing.is_chunked) out += "transfer-encoding: chunked\r\n";
  if (framing.is_upgrade) {
    out += "connection: upgrade\r\n";
  } else if (!framing.keeps_alive) {
    out += "connection: close\r\n";
  }
  out += "\r\n";
  return out;
}

std::string whole_response(const Response& response, bool is_head, bool keeps_alive) {
  HeadFraming framing;
  framing.keeps_alive = keeps_alive;
  if (is_bodiless(response.status)) return response_head(response.status, response.headers, framing);
  framing.content_bytes = response.body.size();
  std::string out = response_head(response.status, response.headers, framing);
  if (!is_head) out += response.body;
  return out;
}

}  // namespace estoc::http
