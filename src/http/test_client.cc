#include "http/test_client.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "http/field_text.h"

namespace estoc::http {

TestClient::TestClient(uint16_t port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  EXPECT_GE(fd_, 0);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
}

TestClient::~TestClient() { close(); }

void TestClient::send(std::string_view bytes) { EXPECT_TRUE(send_some(bytes)); }

bool TestClient::send_some(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd wait{fd_, POLLOUT, 0};
    if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) return false;
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void TestClient::end_sending() { ::shutdown(fd_, SHUT_WR); }

void TestClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void TestClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

bool TestClient::fill() {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) {
    ADD_FAILURE() << "nothing came from the server";
    return false;
  }
  char bytes[65536];
  const ssize_t count = ::recv(fd_, bytes, sizeof(bytes), 0);
  if (count <= 0) return false;
  received_.append(bytes, static_cast<size_t>(count));
  return true;
}

std::string TestClient::read_line() {
  size_t end;
  while ((end = received_.find("\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

std::string TestClient::read_bytes(size_t count) {
  while (received_.size() < count && fill()) {
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

std::string TestClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}

TestAnswer TestClient::read_answer_head() {
  TestAnswer answer;
  const std::string line = read_line();
  if (line.size() < 12) return answer;
  EXPECT_EQ(line.substr(0, 9), "HTTP/1.1 ");
  answer.status = std::stoi(line.substr(9, 3));
  for (std::string header = read_line(); !header.empty(); header = read_line()) {
    const size_t colon = header.find(": ");
    EXPECT_NE(colon, std::string::npos) << header;
    if (colon == std::string::npos) break;
    std::string name = header.substr(0, colon);
    for (char& c : name) c = ascii_lower(c);
    answer.headers[name] = header.substr(colon + 2);
  }
  return answer;
}

std::string TestClient::read_chunk() {
  const std::string size_line = read_line();
  if (size_line.empty()) return {};
  const size_t size = std::stoul(size_line, nullptr, 16);
  std::string bytes = read_bytes(size);
  EXPECT_EQ(read_bytes(2), "\r\n");
  return bytes;
}

TestAnswer TestClient::read_answer(bool is_head) {
  TestAnswer answer = read_answer_head();
  if (is_head || answer.status == 204 || answer.status < 200) return answer;
  if (answer.headers.count("content-length") != 0) {
    answer.body = read_bytes(std::stoul(answer.headers["content-length"]));
  } else if (answer.headers.count("transfer-encoding") != 0) {
    for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) answer.body += chunk;
  } else {
    answer.body = read_to_end();
  }
  return answer;
}

TestAnswer TestClient::ask(std::string_view request) {
  send(request);
  return read_answer();
}

std::string get(std::string_view path, std::string_view extra_headers) {
  return fmt::format("GET {} HTTP/1.1\r\nhost: test\r\n{}\r\n", path, extra_headers);
}

std::string post(std::string_view path, std::string_view body, std::string_view extra_headers) {
  return fmt::format("POST {} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n{}\r\n{}", path, body.size(),
                     extra_headers, body);
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

ServerConfig test_config() {
  ServerConfig config;
  config.port = 0;
  return config;
}

}  // namespace estoc::http
