// An address on the web, checked: "https://huggingface.co/api/models".
// Values. Threads: any. Nothing is thrown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace estoc {

struct WebUrl {
  bool is_https = true;
  std::string host;  // small letters; a name, an IPv4 address, or an IPv6 address in brackets
  uint16_t port = 443;
  std::string target = "/";  // path and query, as they go over the wire

  // "https://huggingface.co", "http://127.0.0.1:8000": who is spoken to. A token is for one of these.
  std::string origin() const;
  std::string text() const { return origin() + target; }
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // This address with a path, already encoded, behind its own.
  WebUrl below(std::string_view path) const;
  // Whether nobody but this machine hears it.
  bool is_loopback() const;
};

// Nothing for what is no http or https address, names a user, has blanks, control or other characters that should have
// been written as %XX, or is too long. What follows '#' is cut off.
std::optional<WebUrl> parse_web_url(std::string_view text);

// Text as a part of a path or query: all but letters, digits and "-._~" as %XX; with `keeps_slashes` also '/' stays.
std::string percent_encoded(std::string_view text, bool keeps_slashes = false);
// The reverse; nothing where a % is not followed by two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace estoc
