// Sends HTTP/1.1 requests to one server and hands out what comes back, as it comes.
//
// Ownership: the caller owns the client, which owns its connections; a sink is shared until its call has ended.
// Threads: everything on the loop's thread, where nothing blocks and sinks should not either. The client has to be
// closed before the loop stops; once closed, or when it never sent anything, it may be destroyed elsewhere.
//
// Limits: a call has its deadline; the head of an answer ResponseReader::kHeadBytesMax. A body has none but that: it is
// handed on in pieces of kReadBytesMax or less, and who keeps it bounds it. There are as many connections as calls at
// once, and they stay open until the server closes them, so whoever calls bounds those.
//
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
  static constexpr size_t kReadBytesMax = size_t{64} << 10;  // of one piece of a body

  // The server's address must have been found.
  Client(EventLoop& loop, ServerAddress server) : loop_(loop), server_(std::move(server)) {}
  ~Client();

  // Sends `request`, a whole one as it goes over the wire, on a connection that is idle, or else on a new one. The sink
  // is not called before this returns. What has not ended at the deadline ends with "timed out". When an idle
  // connection turns out to be closed before any of the answer has come, the request is sent once more on a new one.
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
