// A client for the tests: one blocking socket, raw bytes, and just enough HTTP to cut answers apart.
// Every wait ends after kPatience with a failed expectation instead of a hang. One thread per client.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "http/server.h"

namespace estoc::http {

constexpr std::chrono::seconds kPatience{20};

struct TestAnswer {
  int status = 0;                              // 0: the connection ended before a whole answer
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;                            // chunks joined
};

class TestClient {
 public:
  // Connects to 127.0.0.1. A receive buffer of a few KB makes a slow reader.
  explicit TestClient(uint16_t port, int receive_buffer_bytes = 0);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void send(std::string_view bytes);
  bool send_some(std::string_view bytes);  // false when the server has closed
  void end_sending();                      // FIN
  void close();                            // FIN, nothing read any more
  void reset();                            // RST

  TestAnswer read_answer(bool is_head = false);
  TestAnswer read_answer_head();
  std::string read_chunk();  // empty at the last one
  // What is left until the server closes (also by a reset).
  std::string read_to_end();
  std::string read_bytes(size_t count);

  // send(request) and read_answer.
  TestAnswer ask(std::string_view request);

 private:
  bool fill();  // false at the end
  std::string read_line();

  int fd_;
  std::string received_;
};

// A GET or POST as bytes.
std::string get(std::string_view path, std::string_view extra_headers = {});
std::string post(std::string_view path, std::string_view body, std::string_view extra_headers = {});

// Waits until `condition` holds; false after kPatience.
bool eventually(const std::function<bool()>& condition);

// 127.0.0.1, a free port, short limits nowhere.
ServerConfig test_config();

}  // namespace estoc::http
