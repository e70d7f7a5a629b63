// A blocking HTTP client for tests: one request a connection, the answer read to its end.
// What goes wrong with the socket fails the running test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc {

class SocketClient {
 public:
  explicit SocketClient(uint16_t port);
  ~SocketClient();
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  void close();
  void send(std::string_view method, std::string_view path, std::string_view body = {});
  // Reads until `mark` has come or the peer closes.
  void read_until(std::string_view mark);
  // Reads to the end and fills status, headers and body (free of its chunk sizes).
  void read_all();

  int status = 0;
  std::string headers, body;

 private:
  bool read_some();

  int socket_;
  std::string received_;
};

}  // namespace estoc
