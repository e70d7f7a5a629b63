#include "http/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "base/error.h"

namespace estoc::http {
namespace {

constexpr int kBacklog = 1024;

// Half of what a stream may have on its way to the peer (the kernel doubles it). Small enough that a reader who stopped
// shows as unsent bytes of ours, large enough for one round trip of tokens.
constexpr int kSendBufferBytes = 128 << 10;

[[noreturn]] void fail_to_listen(const std::string& host, uint16_t port, std::string reason) {
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  fail(ErrorCode::io, "cannot listen on {}:{}: {}", host, port, reason);
}

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); }

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// None when there are none: `code` says why.
Addresses find_addresses(const std::string& host, uint16_t port, int& code) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  return {code == 0 ? found : nullptr, &::freeaddrinfo};
}

// Tries one address; -1 with errno set when it cannot be listened on.
int listen_on(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

}  // namespace

int open_listen_socket(const std::string& host, uint16_t port) {
  int code = 0;
  const Addresses addresses = find_addresses(host, port, code);
  if (addresses == nullptr) fail_to_listen(host, port, ::gai_strerror(code));
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int fd = listen_on(*address);
    if (fd >= 0) return fd;
    reason = errno;
  }
  fail_to_listen(host, port, std::generic_category().message(reason));
}

std::string host_problem(const std::string& host) {
  int code = 0;
  return find_addresses(host, 0, code) == nullptr ? ::gai_strerror(code) : "";
}

uint16_t local_port(int fd) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

int accept_peer(int listen_fd, std::string& remote) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof(address);
  const int fd = ::accept4(listen_fd, reinterpret_cast<sockaddr*>(&address), &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return -1;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  remote.clear();
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), bytes, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    remote = address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  }
  return fd;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace estoc::http
