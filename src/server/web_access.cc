#include "server/web_access.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace estoc {
namespace {

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// A host as names are compared: lower case, without port, brackets and the dot at the end.
std::string bare_host(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else if (std::ranges::count(host, ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return lowered(host);
}

bool is_address(std::string host) {
  host.resize(std::min(host.size(), host.find('%')));  // the interface of a link-local address
  in6_addr parsed;
  return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1 || ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

// Names that the public name servers never answer for (RFC 6761, 6762 and 8375, and ICANN's decision on .internal).
bool is_private_name(std::string_view host) {
  if (host.find('.') == std::string_view::npos) return true;
  for (const std::string_view top : {".localhost", ".local", ".internal", ".home.arpa"}) {
    if (host.ends_with(top)) return true;
  }
  return false;
}

bool names(std::string_view pattern, std::string_view host) {
  if (pattern.starts_with("*.")) return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
  return pattern == host;
}

// "http://name:8000" to "name:8000".
std::string_view host_of(std::string_view origin) {
  const size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 3);
}

}  // namespace

WebAccess::WebAccess(WebAccessConfig config, std::vector<std::string> own_names) : origins_(std::move(config.origins)) {
  allows_every_host_ = std::ranges::find(config.hosts, "*") != config.hosts.end();
  allows_every_origin_ = std::ranges::find(origins_, "*") != origins_.end();
  for (const auto* list : {&config.hosts, &own_names}) {
    for (const std::string& name : *list) {
      if (!name.empty()) hosts_.push_back(bare_host(name));
    }
  }
  for (std::string& origin : origins_) origin = lowered(origin);
}

bool WebAccess::allows_host(std::string_view host) const {
  if (allows_every_host_ || host.empty()) return true;
  const std::string bare = bare_host(host);
  if (bare.empty()) return false;
  if (is_address(bare) || is_private_name(bare)) return true;
  return std::ranges::any_of(hosts_, [&](const std::string& pattern) { return names(pattern, bare); });
}

bool WebAccess::allows_origin(std::string_view origin) const {
  return allows_every_origin_ || std::ranges::find(origins_, lowered(origin)) != origins_.end();
}

bool WebAccess::is_unasked(const http::Request& request) const {
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || request.method != "POST" || allows_origin(origin)) return false;
  const std::string_view host = host_of(origin);
  if (!host.empty() && host == request.header("Host")) return false;  // a page of this server's own
  return !lowered(request.header("Content-Type")).starts_with("application/json");
}

http::Headers WebAccess::headers(std::string_view origin) const {
  if (origins_.empty()) return {};
  http::Headers headers{{"Vary", "Origin"}};
  if (!allows_origin(origin)) return headers;
  headers.emplace_back("Access-Control-Allow-Origin", allows_every_origin_ ? "*" : std::string(origin));
  headers.emplace_back("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
  return headers;
}

http::Headers WebAccess::preflight_headers(std::string_view origin) const {
  http::Headers headers = this->headers(origin);
  if (!allows_origin(origin)) return headers;
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  headers.emplace_back("Access-Control-Allow-Headers", "*, Authorization");
  headers.emplace_back("Access-Control-Max-Age", "86400");
  return headers;
}

std::string own_host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

}  // namespace estoc
