// An HTTP/1.1 server for small JSON requests and long event streams. Knows sockets and HTTP; no JSON, no models.
//
// What: accepts connections, reads whole requests within limits, hands each to the handler, writes what the handler's
// Responder is told. Keep-alive, pipelining in order, chunked request and response bodies, Expect: 100-continue.
// Ownership: the caller owns Server; a Responder is shared by the connection and whoever answers, and stays valid (but
// deaf) after the connection is gone.
// Threads: the handler and everything given to Responder::post run on one of the server's I/O threads, and for one
// connection never two at a time. Responder's methods may be called from any thread.
// Errors: listen throws Error{io}. A broken request is answered with the limit's status (400, 408, 413, 431, 501, 503)
// by `ServerConfig::render_error` and never reaches the handler. An exception out of the handler is logged and answered
// with 500 (or, when the answer has begun, ends the connection).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "http/body_budget.h"

namespace estoc::http {

class FrameHandler;

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // upper case as sent: "POST"; HEAD arrives as "GET", and its answer loses the body on the way
  std::string path;    // without the query: "/v1/models"
  std::string query;   // after '?', raw
  Headers headers;     // names as sent
  std::string body;
  std::string remote;    // peer address, for logs
  BodyLease body_lease;  // what the body takes of ServerConfig::bodies_bytes_max

  // Value of the first header of that name (any case); empty when absent.
  std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // content-type belongs here; content-length, date and connection are added
  std::string body;
};

// The answer to one request. Exactly one of respond(), start_stream()...finish() or upgrade()...finish() completes it;
// a second answer is ignored and logged. When the last reference is dropped before that, the peer gets a 500, or a
// stream is cut off.
class Responder {
 public:
  virtual ~Responder() = default;

  virtual void respond(Response response) = 0;

  // Starts a chunked response; every write is sent as soon as the socket takes it.
  virtual void start_stream(int status, Headers headers) = 0;
  // Queues bytes. False when the connection is gone or its unsent bytes passed ServerConfig::stream_bytes_max (the
  // connection is then closed: a reader that slow is treated as gone).
  virtual bool write(std::string bytes) = 0;
  virtual void finish() = 0;

  // Answers 101 with `headers` ("Upgrade": what it becomes) and gives the connection to `handler`. False when that
  // cannot be, and nothing is answered then: the request did not ask for it, is HTTP/1.0 or HEAD, has been answered,
  // the peer is gone or the server is stopping.
  virtual bool upgrade(Headers headers, std::shared_ptr<FrameHandler> handler) = 0;
  // After FrameHandler::receive said that the peer is to wait: it may send on.
  virtual void resume() = 0;

  // True once the peer has closed or the connection failed.
  virtual bool is_closed() const = 0;
  // Called once on the connection's thread when the peer goes away before the answer is complete: at once, whether the
  // answer is streaming or still being waited for. Never called after completion. Replaces an earlier callback; runs
  // immediately (on the connection's thread) if the peer is gone already. The callback may own this Responder. Dropped
  // if the server has stopped; stopping itself counts as the peer going away.
  virtual void on_close(std::function<void()> callback) = 0;

  // Runs `work` on the connection's thread; dropped if the server has stopped.
  virtual void post(std::function<void()> work) = 0;
};

// The request is the handler's to keep; it holds its share of ServerConfig::bodies_bytes_max until it is destroyed.
using Handler = std::function<void(Request&&, const std::shared_ptr<Responder>&)>;

struct ServerConfig {
  std::string host = "127.0.0.1";
  uint16_t port = 8000;  // 0 picks a free one; see Server::port
  int threads = 1;
  size_t body_bytes_max = limits::kBodyBytesMax;
  size_t bodies_bytes_max = limits::kBodiesBytesMax;  // of all requests at once; longer ones than small_body_bytes
  size_t small_body_bytes = limits::kSmallBodyBytes;  // are refused with 503 when there is no room
  size_t header_bytes_max = limits::kHeaderBytesMax;
  size_t stream_bytes_max = size_t{4} << 20;
  size_t upgraded_unsent_max = size_t{64} << 10;  // no more is read from an upgraded connection while so much is unsent
  int connections_max = limits::kConnectionsMax;
  std::chrono::milliseconds idle_timeout{75'000};  // between requests, and without progress in sending
  std::chrono::milliseconds read_timeout{30'000};  // for one whole request once its first byte came
  // Body and content type of an error the server itself answers (status, one clear sentence).
  std::function<Response(int status, std::string_view message)> render_error;
};

class Server {
 public:
  Server(ServerConfig config, Handler handler);
  ~Server();  // stops at once

  // Binds and starts the threads, and raises the process's limit of open descriptors. Once only. Throws Error{io}
  // ("cannot listen on 127.0.0.1:8000: address already in use").
  void listen();
  uint16_t port() const;
  int connection_count() const;
  // Of long bodies, being received or kept by the handler.
  size_t body_bytes() const;

  // Stops accepting; lets running answers complete for up to `grace`, then closes what is left. Blocks until done.
  // Not from an I/O thread. Final: the server does not listen again.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estoc::http
