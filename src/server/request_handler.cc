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
#include "server/encode_exchange.h"
#include "server/exchange.h"
#include "server/replies.h"

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

void log_access(const http::Request& request, int status, Clock::time_point begin) {
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  log_debug("{} {} {} {} {:.1f} ms", request.remote, request.method, request.path, status, ms);
}

}  // namespace

// One request from its arrival until it is answered or submitted. One thread at a time.
struct RequestHandler::Arrival {
  std::shared_ptr<http::Responder> responder;
  http::Request request;  // with its share of the memory for bodies: gone before the responder is
  Clock::time_point begin = Clock::now();
  std::string id = random_id();
  http::Headers headers;  // of the answer
  api::Route route;
  bool is_late = false;  // it came when the server was stopping
};

// Counts one arrival that is being read elsewhere, for as long as it lives.
class RequestHandler::Reading {
 public:
  explicit Reading(std::weak_ptr<RequestHandler> handler) : handler_(std::move(handler)) { add(1); }
  ~Reading() { add(-1); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  void add(int count) {
    const auto handler = handler_.lock();
    if (!handler) return;
    const MutexLock lock(handler->mutex_);
    handler->reading_count_ += count;
    handler->ended_.notify_all();
  }

  const std::weak_ptr<RequestHandler> handler_;
};

http::Response RequestHandler::render_error(int status, std::string_view message) const {
  return to_http(api::error_reply(status, message), config_.access.headers({}));
}

void RequestHandler::handle(http::Request&& request, const std::shared_ptr<http::Responder>& responder) {
  auto arrival = std::make_unique<Arrival>(Arrival{responder, std::move(request)});
  arrival->is_late = is_stopping_;
  try {
    if (is_refused(*arrival)) return;
    if (arrival->request.body.size() > kReadAtOnceBytes) return read_elsewhere(std::move(arrival), false);
    api::Answer found = read(*arrival, false);
    if (std::holds_alternative<api::Elsewhere>(found)) return read_elsewhere(std::move(arrival), true);
    answer(*arrival, std::move(found));
  } catch (const std::exception& error) {
    log_error("{} failed: {}", responder->is_closed() ? "a request whose client left" : "a request", error.what());
    responder->respond(render_error(500, "the server failed to handle the request"));
  }
}

// Answers what is no request to an endpoint; true when it did. Leaves headers and route in `arrival`.
bool RequestHandler::is_refused(Arrival& arrival) {
  const http::Request& request = arrival.request;
  const WebAccess& access = config_.access;
  const std::string_view origin = request.header("Origin"), given = request.header("X-Request-Id");
  arrival.headers = access.headers(origin);
  arrival.headers.emplace_back("X-Request-Id", is_sane_id(given) ? std::string(given) : arrival.id);
  const auto refuse = [&](int status, const std::string& message) {
    respond(arrival, api::error_reply(status, message));
    return true;
  };
  if (!access.allows_host(request.header("Host"))) {
    return refuse(403,
                  fmt::format("the host \"{}\" is not allowed here; the server's --allow-host names those that are",
                              request.header("Host")));
  }
  if (access.is_unasked(request)) {
    return refuse(
        403, fmt::format("pages of \"{}\" may not use this server; its --allow-origin names those that may", origin));
  }
  if (request.method == "OPTIONS") {
    http::Headers headers = access.preflight_headers(origin);
    headers.push_back(arrival.headers.back());
    respond(arrival, http::Response{204, std::move(headers), {}});
    return true;
  }
  arrival.route = api::find_route(request.method, request.path);
  if (arrival.route.endpoint != nullptr) return false;
  if (arrival.route.allowed.empty()) return refuse(404, fmt::format("no such path: {}", request.path));
  arrival.headers.emplace_back("Allow", arrival.route.allowed);
  return refuse(405,
                fmt::format("{} does not answer {}, only {}", request.path, request.method, arrival.route.allowed));
}

// What the endpoint makes of it; a refusal is an answer too. Frees the body unless it is to be read again. Any thread.
api::Answer RequestHandler::read(Arrival& arrival, bool may_compile) {
  http::Request& request = arrival.request;
  const api::Call call{.body = request.body,
                       .argument = arrival.route.argument,
                       .id = arrival.id,
                       .now = std::time(nullptr),
                       .may_compile = may_compile,
                       .is_stopping = arrival.is_late,
                       .priority_min = config_.priority_min,
                       .authorization = request.header("Authorization"),
                       .stats = [this] { return stats(); }};
  api::Answer answer;
  try {
    answer = arrival.route.endpoint->handler(models_, call);
  } catch (const Error& error) {
    answer = api::error_reply(error);
  } catch (const std::exception& error) {
    log_error("{} {}: {}", request.method, request.path, error.what());
    answer = api::error_reply(500, "the server failed to handle the request");
  }
  if (std::holds_alternative<api::Elsewhere>(answer)) return answer;
  request.body = {};
  request.body_lease.give_back();
  return answer;
}

void RequestHandler::read_elsewhere(std::shared_ptr<Arrival> arrival, bool may_compile) {
  const auto reading = std::make_shared<Reading>(weak_from_this());
  const auto& hand_over = may_compile ? config_.hand_over_compile : config_.hand_over;
  const bool is_taken = hand_over([self = shared_from_this(), arrival, reading, may_compile] {
    if (arrival->responder->is_closed()) return self->count_response(kPeerLeft);
    auto answer = std::make_shared<api::Answer>(self->read(*arrival, may_compile));
    if (std::holds_alternative<api::Elsewhere>(*answer)) return self->read_elsewhere(arrival, true);
    if (auto* reply = std::get_if<api::Reply>(answer.get())) return self->respond(*arrival, std::move(*reply));
    arrival->responder->post([self, arrival, answer, reading] { self->answer(*arrival, std::move(*answer)); });
  });
  if (!is_taken) {
    const char* const what = may_compile ? "too many constraints are being compiled, try again later"
                                         : "too many long requests are being read, try again later";
    respond(*arrival, api::error_reply(503, what, {}, "busy"));
  }
}

// The connection's thread.
void RequestHandler::answer(Arrival& arrival, api::Answer&& answer) {
  if (auto* reply = std::get_if<api::Reply>(&answer)) return respond(arrival, std::move(*reply));
  if (arrival.responder->is_closed()) return count_response(kPeerLeft);  // while it was being read
  if (arrival.is_late) {
    return respond(arrival, api::error_reply(503, "the server is stopping", {}, "stopping"));
  }
  if (auto* encoding = std::get_if<std::unique_ptr<api::Encoding>>(&answer)) {
    return run(arrival, std::move(*encoding));
  }
  run(arrival, std::move(std::get<std::unique_ptr<api::Generation>>(answer)));
}

void RequestHandler::respond(const Arrival& arrival, api::Reply reply) {
  respond(arrival, to_http(std::move(reply), arrival.headers));
}

void RequestHandler::respond(const Arrival& arrival, http::Response response) {
  log_access(arrival.request, response.status, arrival.begin);
  count_response(response.status);
  arrival.responder->respond(std::move(response));
}

void RequestHandler::run(Arrival& arrival, std::unique_ptr<api::Generation> generation) {
  const uint64_t key = next_exchange_++;
  const api::ServedModel& model = generation->model();
  start(key, model,
        std::make_shared<Exchange>(std::move(generation), arrival.responder, std::move(arrival.headers),
                                   end_of(key, arrival)));
}

void RequestHandler::run(Arrival& arrival, std::unique_ptr<api::Encoding> encoding) {
  const uint64_t key = next_exchange_++;
  const api::ServedModel& model = encoding->model();
  start(key, model,
        std::make_shared<EncodeExchange>(std::move(encoding), arrival.responder, std::move(arrival.headers),
                                         config_.hand_over, end_of(key, arrival)));
}

template <typename SomeExchange>
void RequestHandler::start(uint64_t key, const api::ServedModel& model, const std::shared_ptr<SomeExchange>& exchange) {
  auto abandon = [weak = std::weak_ptr(exchange)] {
    if (const auto running = weak.lock()) running->abandon();
  };
  {
    const MutexLock lock(mutex_);
    exchanges_.emplace(key, Running{std::move(abandon), static_cast<size_t>(&model - models_.list().data())});
  }
  exchange->start();
}

// What is left to do when the exchange of that key has ended.
std::function<void(const ExchangeOutcome&)> RequestHandler::end_of(uint64_t key, const Arrival& arrival) {
  const http::Request& request = arrival.request;
  const auto line = std::make_shared<http::Request>();
  line->method = request.method;
  line->path = request.path;
  line->remote = request.remote;
  return [weak = weak_from_this(), key, line, begin = arrival.begin](const ExchangeOutcome& outcome) {
    log_access(*line, outcome.status, begin);
    if (const auto self = weak.lock()) self->forget(key, outcome);
  };
}

void RequestHandler::forget(uint64_t key, const ExchangeOutcome& outcome) {
  count_response(outcome.status);
  const MutexLock lock(mutex_);
  const auto running = exchanges_.find(key);
  api::ChoiceCounts& choices = choices_[running->second.model];
  choices.stop += outcome.choices.stop;
  choices.length += outcome.choices.length;
  choices.aborted += outcome.choices.aborted;
  choices.failed += outcome.choices.failed;
  exchanges_.erase(running);
  if (exchanges_.empty()) ended_.notify_all();
}

void RequestHandler::count_response(int status) {
  const MutexLock lock(mutex_);
  ++responses_[status];
}

void RequestHandler::wait_until_idle(std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  ended_.wait_for(lock, timeout, [this]() REQUIRES(mutex_) { return exchanges_.empty() && reading_count_ == 0; });
}

api::ServerStats RequestHandler::stats() const {
  api::ServerStats stats{.models = {}, .connections = connection_count_(), .responses = {}};
  for (const api::ServedModel& model : models_.list()) stats.models.push_back(model.stats());
  const MutexLock lock(mutex_);
  stats.responses = responses_;
  for (size_t i = 0; i < choices_.size(); ++i) stats.models[i].choices = choices_[i];
  for (const auto& [key, running] : exchanges_) ++stats.models[running.model].generating;
  return stats;
}

void RequestHandler::abandon_all() {
  std::vector<std::function<void()>> running;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, one] : exchanges_) running.push_back(one.abandon);
  }
  for (const auto& abandon : running) abandon();
}

}  // namespace estoc
