// Sends HTTP requests to one server and hands out what comes back, as it comes.
//
// Ownership: the caller owns the client, which owns its connections; a sink is shared until its call has ended.
// Threads: everything on the loop's thread, except that the client may be destroyed elsewhere after the loop stopped.
// Errors: nothing is thrown for what the network does; a call's end tells it in one sentence.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "http/event_loop.h"
#include "http/server_address.h"

namespace estoc::http {

// The receiving side of one call.
class AnswerSink {
 public:
  using Clock = EventLoop::Clock;

  virtual ~AnswerSink() = default;
  // Bytes of the body (never none), and when they arrived.
  virtual void on_body(int status, std::string_view bytes, Clock::time_point when) = 0;
  // Once, and the last call. status is 0 when no answer came; `error` is empty when the answer came whole.
  virtual void on_end(int status, double retry_after_s, const std::string& error, Clock::time_point when) = 0;
};

class ClientConnection;

class Client {
 public:
  using Clock = AnswerSink::Clock;

  // The server's address must have been found.
  Client(EventLoop& loop, ServerAddress server) : loop_(loop), server_(std::move(server)) {}
  ~Client();

  // Sends on a connection that is idle, or else on a new one. The sink is not called before this returns. What has not
  // ended at the deadline ends with "timed out".
  void send(std::string request, std::shared_ptr<AnswerSink> sink, Clock::time_point deadline);

  // Closes every connection; no sink is called any more.
  void close();

 private:
  friend class ClientConnection;

  EventLoop& loop_;
  const ServerAddress server_;
  std::unordered_set<std::shared_ptr<ClientConnection>> connections_;
  std::vector<std::shared_ptr<ClientConnection>> idle_;  // the one used last is last
};

}  // namespace estoc::http
