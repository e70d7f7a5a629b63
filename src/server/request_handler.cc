#include "server/request_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>

#include "api/endpoints.h"
#include "api/errors.h"
#include "base/error.h"
#include "base/log.h"

namespace estoc {
namespace {

using Clock = std::chrono::steady_clock;

std::string random_id() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return fmt::format("{:016x}{:016x}", engine(), engine());
}

// The caller's own id goes back in a header, so only plain visible characters of a sane length.
bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7F; });
}

http::Headers open_headers() {
  return {{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Expose-Headers", "X-Request-Id, Retry-After"}};
}

http::Response to_http(api::Reply reply, http::Headers headers) {
  headers.emplace_back("Content-Type", std::move(reply.content_type));
  headers.insert(headers.end(), reply.headers.begin(), reply.headers.end());
  return {reply.status, std::move(headers), std::move(reply.body)};
}

http::Response preflight(http::Headers headers) {
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  headers.emplace_back("Access-Control-Allow-Headers", "*, Authorization");
  headers.emplace_back("Access-Control-Max-Age", "86400");
  return {204, std::move(headers), {}};
}

void log_access(const http::Request& request, int status, Clock::time_point begin) {
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  log_debug("{} {} {} {} {:.1f} ms", request.remote, request.method, request.path, status, ms);
}

}  // namespace

http::Response RequestHandler::render_error(int status, std::string_view message) {
  return to_http(api::error_reply(status, message), open_headers());
}

void RequestHandler::handle(const http::Request& request, const std::shared_ptr<http::Responder>& responder) {
  const Clock::time_point begin = Clock::now();
  const std::string id = random_id();
  http::Headers headers = open_headers();
  const std::string_view given = request.header("X-Request-Id");
  headers.emplace_back("X-Request-Id", is_sane_id(given) ? std::string(given) : id);
  const auto respond = [&](http::Response response) {
    log_access(request, response.status, begin);
    count_response(response.status);
    responder->respond(std::move(response));
  };
  if (request.method == "OPTIONS") return respond(preflight(std::move(headers)));
  try {
    api::Route route = api::find_route(request.method, request.path);
    if (route.endpoint == nullptr && route.allowed.empty()) {
      return respond(to_http(api::error_reply(404, fmt::format("no such path: {}", request.path)), std::move(headers)));
    }
    if (route.endpoint == nullptr) {
      headers.emplace_back("Allow", route.allowed);
      return respond(to_http(api::error_reply(405, fmt::format("{} does not answer {}, only {}", request.path,
                                                               request.method, route.allowed)),
                             std::move(headers)));
    }
    const api::Call call{request.body,
                         std::move(route.argument),
                         id,
                         std::time(nullptr),
                         is_stopping_,
                         request.header("Authorization"),
                         [this] { return stats(); }};
    api::Answer answer = route.endpoint->handler(model_, call);
    if (auto* reply = std::get_if<api::Reply>(&answer)) return respond(to_http(std::move(*reply), std::move(headers)));
    if (is_stopping_) {
      return respond(to_http(api::error_reply(503, "the server is stopping", {}, "stopping"), std::move(headers)));
    }
    run(std::move(std::get<std::unique_ptr<api::Generation>>(answer)), request, responder, headers);
  } catch (const Error& error) {
    respond(to_http(api::error_reply(error), std::move(headers)));
  } catch (const std::exception& error) {
    log_error("{} {}: {}", request.method, request.path, error.what());
    respond(to_http(api::error_reply(500, "the server failed to handle the request"), std::move(headers)));
  }
}

void RequestHandler::run(std::unique_ptr<api::Generation> generation, const http::Request& request,
                         const std::shared_ptr<http::Responder>& responder, http::Headers headers) {
  const uint64_t key = next_exchange_++;
  http::Request line{request.method, request.path, {}, {}, {}, request.remote};
  auto on_end = [weak = weak_from_this(), key, line = std::move(line),
                 begin = Clock::now()](const Exchange::Outcome& outcome) {
    log_access(line, outcome.status, begin);
    if (const auto self = weak.lock()) self->forget(key, outcome);
  };
  const auto exchange =
      std::make_shared<Exchange>(std::move(generation), responder, generator_, std::move(headers), std::move(on_end));
  {
    const MutexLock lock(mutex_);
    exchanges_.emplace(key, exchange);
  }
  exchange->start();
}

void RequestHandler::forget(uint64_t key, const Exchange::Outcome& outcome) {
  count_response(outcome.status);
  const MutexLock lock(mutex_);
  choices_.stop += outcome.choices.stop;
  choices_.length += outcome.choices.length;
  choices_.aborted += outcome.choices.aborted;
  choices_.failed += outcome.choices.failed;
  exchanges_.erase(key);
  if (exchanges_.empty()) ended_.notify_all();
}

void RequestHandler::count_response(int status) {
  const MutexLock lock(mutex_);
  ++responses_[status];
}

void RequestHandler::wait_until_idle(std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  ended_.wait_for(lock, timeout, [this]() REQUIRES(mutex_) { return exchanges_.empty(); });
}

api::ServerStats RequestHandler::stats() const {
  api::ServerStats stats{.engine = generator_.stats(), .connections = connection_count_()};
  const MutexLock lock(mutex_);
  stats.generating = static_cast<int>(exchanges_.size());
  stats.responses = responses_;
  stats.choices = choices_;
  return stats;
}

void RequestHandler::abandon_all() {
  std::vector<std::shared_ptr<Exchange>> running;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, weak] : exchanges_) {
      if (auto exchange = weak.lock()) running.push_back(std::move(exchange));
    }
  }
  for (const auto& exchange : running) exchange->abandon();
}

}  // namespace estoc
