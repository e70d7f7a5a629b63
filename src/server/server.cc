#include "server/server.h"

#include <algorithm>

#include "server/request_handler.h"

namespace estoc {
namespace {

constexpr size_t kReadQueueMax = 256;  // long bodies that wait to be read; their bytes are bounded besides
constexpr int kCompileThreads = 2;     // a constraint that takes seconds leaves another one a thread

RequestHandlerConfig handler_config(const ApiServerConfig& config, TextPool& pool, TextPool& compile_pool) {
  return {.access = WebAccess(config.web, {config.http.host, own_host_name()}),
          .priority_min = config.priority_min,
          .hand_over = [&pool](std::function<void()> work) { return pool.hand_over(std::move(work)); },
          .hand_over_compile =
              [&compile_pool](std::function<void()> work) { return compile_pool.hand_over(std::move(work)); }};
}

http::ServerConfig with_envelope(http::ServerConfig config, std::shared_ptr<RequestHandler> handler) {
  config.render_error = [handler = std::move(handler)](int status, std::string_view message) {
    return handler->render_error(status, message);
  };
  return config;
}

}  // namespace

ApiServer::ApiServer(ApiServerConfig config, const api::Models& models)
    : text_pool_(config.text_threads, kReadQueueMax),
      compile_pool_(kCompileThreads, kReadQueueMax),
      handler_(std::make_shared<RequestHandler>(models, handler_config(config, text_pool_, compile_pool_))),
      http_(with_envelope(std::move(config.http), handler_),
            [handler = handler_](http::Request&& request, const std::shared_ptr<http::Responder>& responder) {
              handler->handle(std::move(request), responder);
            }) {
  handler_->set_connection_count([this] { return http_.connection_count(); });
}

ApiServer::~ApiServer() { stop(std::chrono::milliseconds(0)); }

void ApiServer::listen() { http_.listen(); }
uint16_t ApiServer::port() const { return http_.port(); }
int ApiServer::connection_count() const { return http_.connection_count(); }
api::ServerStats ApiServer::stats() const { return handler_->stats(); }

void ApiServer::stop(std::chrono::milliseconds grace) {
  const auto end = std::chrono::steady_clock::now() + grace;
  handler_->refuse_new();
  handler_->wait_until_idle(grace);
  // What was generated may still have to be read.
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  http_.stop(std::max(rest, std::chrono::milliseconds(0)));
  handler_->abandon_all();
  text_pool_.stop();  // what they still read has no connection any more
  compile_pool_.stop();
}

}  // namespace estoc
