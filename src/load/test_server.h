// A server for the tests of runs, which streams what a test wants.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "load/target.h"

namespace estoc {

// Streams on threads of its own, so that `serve` may sleep.
class TestServer {
 public:
  using Serve = std::function<void(const http::Request&, http::Responder&)>;

  explicit TestServer(Serve serve);
  ~TestServer();

  Target target() const;
  std::vector<std::shared_ptr<const http::Request>> requests() const;

 private:
  const Serve serve_;
  http::Server server_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const http::Request>> requests_;
  std::vector<std::thread> threads_;
};

// A whole chat answer of `tokens` chunks, one each `gap`; the first at once.
void stream_tokens(http::Responder& responder, int tokens, std::chrono::milliseconds gap);

void refuse(http::Responder& responder, int status, const std::string& message, const std::string& retry_after = {});

Target local_target(uint16_t port);

}  // namespace estoc
