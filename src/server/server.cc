#include "server/server.h"

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
            }) {}

ApiServer::~ApiServer() { stop(std::chrono::milliseconds(0)); }

void ApiServer::listen() { http_.listen(); }
uint16_t ApiServer::port() const { return http_.port(); }
int ApiServer::connection_count() const { return http_.connection_count(); }

void ApiServer::stop(std::chrono::milliseconds grace) {
  handler_->refuse_new();
  http_.stop(grace);
  handler_->abandon_all();
}

}  // namespace estoc
