// The OpenAI API on a socket, for one model or several.
//
// What: binds api/'s endpoints to http/. Adds what belongs to every answer: X-Request-Id, the rules for web pages
// (server/web_access.h), 404 and 405, the error envelope for everything that fails.
// Ownership: the caller owns the models and their generators; all must outlive the server.
// Threads: the methods from one thread.
// Errors: listen throws Error{io}.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "api/served_model.h"
#include "api/server_stats.h"
#include "http/server.h"
#include "server/text_pool.h"
#include "server/web_access.h"

namespace estoc {

class RequestHandler;

struct ApiServerConfig {
  http::ServerConfig http;  // its render_error is the server's own
  WebAccessConfig web;
  int priority_min = 0;  // the most urgent class that callers get
  int text_threads = 1;  // for long bodies; each takes the memory that reading one takes
};

class ApiServer {
 public:
  // `models` is kept by reference; each has a generator.
  ApiServer(ApiServerConfig config, const api::Models& models);
  ~ApiServer();  // stops at once

  void listen();
  uint16_t port() const;
  int connection_count() const;

  // Any thread, also while stop() runs.
  api::ServerStats stats() const;

  // From now on generating is refused with 503 and /readyz says so, on connections old and new; running answers may
  // complete for up to `grace`, then they are cancelled. Blocks until done; then nothing listens.
  void stop(std::chrono::milliseconds grace);

 private:
  TextPool text_pool_, compile_pool_;
  const std::shared_ptr<RequestHandler> handler_;
  http::Server http_;
};

}  // namespace estoc
