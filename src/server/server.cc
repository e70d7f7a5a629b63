#include "server/server.h"

#include <algorithm>

#include "server/request_handler.h"

namespace estoc {
namespace {

http::ServerConfig with_envelope(http::ServerConfig config) {
  config.render_error = RequestHandler::render_error;
  return config;
}

}  // namespace

ApiServer::ApiServer(http::ServerConfig config, const api::ServedModel& model, Generator& generator)
    : handler_(std::make_shared<RequestHandler>(model, generator)),
      http_(with_envelope(std::move(config)),
            [handler = handler_](const http::Request& request, const std::shared_ptr<http::Responder>& responder) {
              handler->handle(request, responder);
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
}

}  // namespace estoc
