#include "http/server_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include "base/error.h"

namespace estoc::http {
namespace {

constexpr int kConnectPatienceMs = 5000;

// Nothing for what is no port that a server can have.
std::optional<uint16_t> parse_port(std::string_view digits) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

// Waits for a connection under way; the reason when there is none.
int wait_for_connection(int fd) {
  pollfd wait{fd, POLLOUT, 0};
  if (::poll(&wait, 1, kConnectPatienceMs) != 1) return ETIMEDOUT;
  int reason = 0;
  socklen_t bytes = sizeof(reason);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &bytes) == 0 ? reason : errno;
}

}  // namespace

std::string ServerAddress::authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::optional<Url> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme) || text.find_first_of(" \t\r\n?#@") != std::string_view::npos) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const size_t slash = text.find('/');
  std::string_view path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  Url url;
  url.path = path;
  const std::string_view authority = text.substr(0, slash);
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return std::nullopt;
    url.server.port = *port;
  }
  url.server.host = bracket == std::string_view::npos ? authority.substr(0, colon) : authority.substr(1, bracket - 1);
  if (url.server.host.empty()) return std::nullopt;
  return url;
}

void find_address(ServerAddress& server) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (code != 0) fail(ErrorCode::io, "cannot find {}: {}", server.host, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    std::memcpy(&server.address, address->ai_addr, address->ai_addrlen);
    server.address_bytes = address->ai_addrlen;
    const int fd = start_connection(server);
    reason = fd >= 0 ? wait_for_connection(fd) : errno;
    if (fd >= 0) ::close(fd);
    if (reason == 0) return;
  }
  fail(ErrorCode::io, "cannot connect to {}: {}", server.authority(), std::generic_category().message(reason));
}

int start_connection(const ServerAddress& server) {
  const int fd = ::socket(server.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
  if (::connect(fd, address, server.address_bytes) == 0 || errno == EINPROGRESS) return fd;
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

}  // namespace estoc::http
