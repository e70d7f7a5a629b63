// What happens to one HTTP request, from its route to its answer. Needs no sockets: tests give their own Responder.
//
// What: short requests are read where they arrive, which is faster than any hand-over; long ones are handed to threads
// of their own (server/text_pool.h), those whose constraint has to be compiled to others, and come back to the
// connection's thread as something to submit.
// Ownership: the models and their generators must outlive it; it must outlive the exchanges it started.
// Threads: handle on any connection's thread, several at once; the rest from any thread. What is handed over runs on
// any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "api/call.h"
#include "api/endpoints.h"
#include "api/served_model.h"
#include "base/mutex.h"
#include "http/server.h"
#include "server/replies.h"
#include "server/web_access.h"

namespace estoc {

struct RequestHandlerConfig {
  WebAccess access = WebAccess();
  int priority_min = 0;  // the most urgent class that callers get
  // Runs work on another thread later; false when there is no room for it.
  using HandOver = std::function<bool(std::function<void()>)>;
  HandOver hand_over = [](const auto&) { return false; };
  HandOver hand_over_compile = [](const auto&) { return false; };  // what may take seconds
};

class RequestHandler : public std::enable_shared_from_this<RequestHandler> {
 public:
  explicit RequestHandler(const api::Models& models, RequestHandlerConfig config = {})
      : models_(models), config_(std::move(config)), choices_(models.list().size()) {}

  // Bodies up to this size are read where they arrive. 8 KiB are some 2,000 tokens: half a millisecond of ordinary
  // text, two of the worst there is; a hand-over costs 30 microseconds on an idle machine and milliseconds on a busy
  // one.
  static constexpr size_t kReadAtOnceBytes = 8 << 10;

  // Answers in the end, whatever the request: nothing is thrown.
  void handle(http::Request&& request, const std::shared_ptr<http::Responder>& responder);

  // New generations are refused with 503. Those that have arrived, also those whose text is still being read, go on.
  void refuse_new() { is_stopping_ = true; }
  // Waits until nothing is being read or generated or the time is over.
  void wait_until_idle(std::chrono::milliseconds timeout);
  // Cancels everything that still runs.
  void abandon_all();

  api::ServerStats stats() const;
  // Where stats() has the number of connections from; before the first request.
  void set_connection_count(std::function<int()> count) { connection_count_ = std::move(count); }

  // The error envelope for what the HTTP server itself refuses.
  http::Response render_error(int status, std::string_view message) const;

 private:
  struct Arrival;
  class Reading;

  bool is_refused(Arrival& arrival);
  api::Answer read(Arrival& arrival, bool may_compile);
  void read_elsewhere(std::shared_ptr<Arrival> arrival, bool may_compile);
  void answer(Arrival& arrival, api::Answer&& answer);
  void run(Arrival& arrival, std::unique_ptr<api::Generation> generation);
  void run(Arrival& arrival, std::unique_ptr<api::Encoding> encoding);
  template <typename SomeExchange>
  void start(uint64_t key, const api::ServedModel& model, const std::shared_ptr<SomeExchange>& exchange);
  std::function<void(const ExchangeOutcome&)> end_of(uint64_t key, const Arrival& arrival);
  void respond(const Arrival& arrival, api::Reply reply);
  void respond(const Arrival& arrival, http::Response response);
  void count_response(int status);
  void forget(uint64_t key, const ExchangeOutcome& outcome);

  struct Running {
    std::function<void()> abandon;
    size_t model = 0;  // of models_.list()
  };

  const api::Models& models_;
  const RequestHandlerConfig config_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<uint64_t> next_exchange_ = 0;

  std::function<int()> connection_count_ = [] { return 0; };

  mutable Mutex mutex_;
  Condition ended_;
  std::unordered_map<uint64_t, Running> exchanges_ GUARDED_BY(mutex_);
  std::map<int, uint64_t> responses_ GUARDED_BY(mutex_);
  std::vector<api::ChoiceCounts> choices_ GUARDED_BY(mutex_);  // of each model
  int reading_count_ GUARDED_BY(mutex_) = 0;                   // handed over and not yet answered or submitted
};

}  // namespace estoc
