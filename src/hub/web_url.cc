#include "hub/web_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "hub/hub_limits.h"

namespace estoc {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; });
  }
  return !host.empty() && host.size() <= 253 && is_letter_or_digit(host.front()) &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
}

// Where the port's colon is, past an address in brackets; npos without one.
size_t port_colon(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  return authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

}  // namespace

std::string WebUrl::origin() const {
  const char* scheme = is_https ? "https" : "http";
  return port == (is_https ? 443 : 80) ? fmt::format("{}://{}", scheme, host)
                                       : fmt::format("{}://{}:{}", scheme, host, port);
}

WebUrl WebUrl::below(std::string_view path) const {
  WebUrl url = *this;
  url.target += path;
  return url;
}

bool WebUrl::is_loopback() const {
  if (host == "localhost" || host == "[::1]" || host.ends_with(".localhost")) return true;
  return host.starts_with("127.") &&
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::optional<WebUrl> parse_web_url(std::string_view text) {
  if (text.size() > limits::kUrlBytesMax) return {};
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; })) return {};
  const size_t divider = text.find("://");
  if (divider == std::string_view::npos) return {};
  std::string scheme(text.substr(0, divider));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), small);
  if (scheme != "http" && scheme != "https") return {};
  WebUrl url;
  url.is_https = scheme == "https";
  url.port = url.is_https ? 443 : 80;
  std::string_view rest = text.substr(scheme.size() + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (const size_t colon = port_colon(authority); colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc() || last != digits.data() + digits.size() || url.port == 0) return {};
    authority = authority.substr(0, colon);
  }
  url.host.resize(authority.size());
  std::transform(authority.begin(), authority.end(), url.host.begin(), small);
  if (!is_host(url.host)) return {};
  url.target = std::string(rest.substr(end));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

std::string percent_encoded(std::string_view text, bool keeps_slashes) {
  std::string out;
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' || (keeps_slashes && c == '/')) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return {};
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace estoc
