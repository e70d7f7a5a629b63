#include "load/test_server.h"

#include <fmt/format.h>

namespace estoc {
namespace {

http::ServerConfig config() {
  http::ServerConfig config;
  config.port = 0;
  return config;
}

}  // namespace

Target local_target(uint16_t port) {
  Target target = parse_target(fmt::format("test=http://127.0.0.1:{}", port));
  find_address(target);
  return target;
}

TestServer::TestServer(Serve serve)
    : serve_(std::move(serve)),
      server_(config(), [this](http::Request&& arrived, const std::shared_ptr<http::Responder>& responder) {
        const auto request = std::make_shared<const http::Request>(std::move(arrived));
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        threads_.emplace_back([this, request, responder] { serve_(*request, *responder); });
      }) {
  server_.listen();
}

TestServer::~TestServer() {
  server_.stop(std::chrono::milliseconds(0));
  for (std::thread& thread : threads_) thread.join();
}

Target TestServer::target() const { return local_target(server_.port()); }

std::vector<std::shared_ptr<const http::Request>> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void stream_tokens(http::Responder& responder, int tokens, std::chrono::milliseconds gap) {
  responder.start_stream(200, {{"content-type", "text/event-stream"}});
  responder.write(R"(data: {"choices":[{"delta":{"role":"assistant","content":""}}]})"
                  "\n\n");
  for (int i = 0; i < tokens; ++i) {
    if (i > 0) std::this_thread::sleep_for(gap);
    responder.write(fmt::format("data: {{\"choices\":[{{\"delta\":{{\"content\":\"t{}\"}}}}]}}\n\n", i));
  }
  responder.write(R"(data: {"choices":[{"delta":{},"finish_reason":"length"}]})"
                  "\n\n");
  responder.write(
      fmt::format("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":3,\"completion_tokens\":{}}}}}\n\n", tokens));
  responder.write("data: [DONE]\n\n");
  responder.finish();
}

void refuse(http::Responder& responder, int status, const std::string& message, const std::string& retry_after) {
  http::Response response{status, {{"content-type", "application/json"}}, {}};
  response.body = fmt::format("{{\"error\":{{\"message\":\"{}\"}}}}", message);
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  responder.respond(std::move(response));
}

}  // namespace estoc
