#include "load/target.h"

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

namespace estoc {
namespace {

constexpr int kConnectPatienceMs = 5000;

[[noreturn]] void fail_url(std::string_view text) {
  fail(ErrorCode::invalid_argument, "--url: '{}' is no server; expected [NAME=]http://HOST[:PORT]", text);
}

uint16_t parse_port(std::string_view digits, std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) fail_url(text);
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

std::string Target::authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Target parse_target(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const size_t scheme = text.find(kScheme);
  if (scheme == std::string_view::npos || (scheme > 0 && text[scheme - 1] != '=')) fail_url(text);
  Target target;
  if (scheme > 0) target.name = text.substr(0, scheme - 1);
  std::string_view rest = text.substr(scheme + kScheme.size());
  const size_t slash = rest.find('/');
  std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  std::string_view authority = rest.substr(0, slash);
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) target.port = parse_port(authority.substr(colon + 1), text);
  target.host = authority.substr(0, colon);
  if (bracket != std::string_view::npos) target.host = authority.substr(1, bracket - 1);
  if (target.host.empty() || rest.find_first_of(" \t\r\n?#@") != std::string_view::npos) fail_url(text);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/v1")) path.remove_suffix(3);
  target.prefix = path;
  if (target.name.empty()) target.name = target.authority();
  return target;
}

void find_address(Target& target) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found);
  if (code != 0) fail(ErrorCode::io, "{}: cannot find {}: {}", target.name, target.host, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    std::memcpy(&target.address, address->ai_addr, address->ai_addrlen);
    target.address_bytes = address->ai_addrlen;
    const int fd = start_connection(target);
    reason = fd >= 0 ? wait_for_connection(fd) : errno;
    if (fd >= 0) ::close(fd);
    if (reason == 0) return;
  }
  fail(ErrorCode::io, "{}: cannot connect to {}: {}", target.name, target.authority(),
       std::generic_category().message(reason));
}

int start_connection(const Target& target) {
  const int fd = ::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
  if (::connect(fd, address, target.address_bytes) == 0 || errno == EINPROGRESS) return fd;
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

}  // namespace estoc
