// A server for tests of the client that sends raw bytes, whatever was asked. Its waits end after kPatience.
// Threads: one of its own; the object belongs to the test's.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/listen_socket.h"
#include "http/test_client.h"

namespace estoc::http {

class RawServer {
 public:
  // Sends one of `answers` when something has come from a client, then closes the connection and takes the next one.
  // With `keeps_open` it closes only for an empty answer.
  explicit RawServer(std::vector<std::string> answers, bool keeps_open = false)
      : fd_(open_listen_socket("127.0.0.1", 0)), thread_([this, answers = std::move(answers), keeps_open] {
          int peer = -1;
          for (const std::string& answer : answers) {
            peer = wait_for_request(peer);
            if (peer < 0) return;
            (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
            if (!keeps_open || answer.empty()) close_peer(peer);
          }
          close_peer(peer);
        }) {}
  ~RawServer() {
    thread_.join();
    ::close(fd_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  uint16_t port() const { return local_port(fd_); }

 private:
  static bool wait_readable(int fd) {
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1;
  }

  static void close_peer(int& peer) {
    if (peer < 0) return;
    ::shutdown(peer, SHUT_RDWR);
    ::close(std::exchange(peer, -1));
  }

  // A connection over which bytes have come: `peer` or a new one. find_address connects and leaves without a word,
  // which is no request.
  int wait_for_request(int peer) {
    for (;;) {
      std::string remote;
      while (peer < 0) {
        if (!wait_readable(fd_)) return -1;
        peer = accept_peer(fd_, remote);
      }
      char bytes[4096];
      if (wait_readable(peer) && ::recv(peer, bytes, sizeof(bytes), 0) > 0) return peer;
      close_peer(peer);
    }
  }

  const int fd_;
  std::thread thread_;
};

}  // namespace estoc::http
