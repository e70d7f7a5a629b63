// What all connections of one server share: its settings, its handler, and how many of them there are.
// Threads: all of it from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>

#include "base/mutex.h"
#include "http/server.h"

namespace estoc::http {

class Service {
 public:
  Service(ServerConfig config, Handler handler)
      : config(std::move(config)),
        handler(std::move(handler)),
        body_budget(std::make_shared<BodyBudget>(this->config.bodies_bytes_max, this->config.small_body_bytes)) {}

  const ServerConfig config;
  const Handler handler;
  const std::shared_ptr<BodyBudget> body_budget;
  std::atomic<bool> is_stopping{false};

  // The answer to a request that never reaches the handler, or that the handler failed on. Does not throw.
  Response render(int status, std::string_view message) const;

  int connection_count() const;
  // Waits until there is no connection or the time is over.
  void wait_for_no_connection(std::chrono::milliseconds timeout);

 private:
  friend class ConnectionSlot;
  mutable Mutex mutex_;
  Condition released_;
  int connection_count_ GUARDED_BY(mutex_) = 0;
};

// Counts one connection for as long as it lives.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(std::shared_ptr<Service> service);
  ~ConnectionSlot();
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

 private:
  std::shared_ptr<Service> service_;
};

}  // namespace estoc::http
