#include "server/test_socket_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace estoc {
namespace {

std::string without_chunks(std::string_view text) {
  std::string joined;
  while (!text.empty()) {
    const size_t size = std::strtoul(text.data(), nullptr, 16);
    const size_t line_end = text.find("\r\n");
    if (size == 0 || line_end == std::string_view::npos) break;
    joined += text.substr(line_end + 2, size);
    text.remove_prefix(std::min(text.size(), line_end + 2 + size + 2));
  }
  return joined;
}

}  // namespace

SocketClient::SocketClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval timeout{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

SocketClient::~SocketClient() { close(); }

void SocketClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void SocketClient::send(std::string_view method, std::string_view path, std::string_view content) {
  const std::string text =
      std::string(method) + " " + std::string(path) +
      " HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
      std::string(content);
  EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

void SocketClient::read_until(std::string_view mark) {
  while (received_.find(mark) == std::string::npos && read_some()) {
  }
}

void SocketClient::read_all() {
  while (read_some()) {
  }
  const size_t end = received_.find("\r\n\r\n");
  ASSERT_NE(end, std::string::npos) << received_;
  headers = received_.substr(0, end);
  status = std::atoi(headers.c_str() + std::string_view("HTTP/1.1 ").size());
  body = received_.substr(end + 4);
  if (headers.find("chunked") != std::string::npos) body = without_chunks(body);
}

bool SocketClient::read_some() {
  char bytes[4096];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count > 0) received_.append(bytes, static_cast<size_t>(count));
  return count > 0;
}

}  // namespace estoc
