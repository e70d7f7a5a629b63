// What happens to one HTTP request, from its route to its answer. Needs no sockets: tests give their own Responder.
//
// Ownership: the model and the generator must outlive it; it must outlive the exchanges it started.
// Threads: handle on any connection's thread, several at once; the rest from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <unordered_map>

#include "api/call.h"
#include "api/served_model.h"
#include "base/mutex.h"
#include "http/server.h"
#include "server/exchange.h"
#include "server/generator.h"

namespace estoc {

class RequestHandler : public std::enable_shared_from_this<RequestHandler> {
 public:
  RequestHandler(const api::ServedModel& model, Generator& generator) : model_(model), generator_(generator) {}

  // Answers in the end, whatever the request: nothing is thrown.
  void handle(const http::Request& request, const std::shared_ptr<http::Responder>& responder);

  // New generations are refused with 503.
  void refuse_new() { is_stopping_ = true; }
  // Waits until nothing is being generated or the time is over.
  void wait_until_idle(std::chrono::milliseconds timeout);
  // Cancels everything that still runs.
  void abandon_all();

  api::ServerStats stats() const;
  // Where stats() has the number of connections from; before the first request.
  void set_connection_count(std::function<int()> count) { connection_count_ = std::move(count); }

  // The error envelope for what the HTTP server itself refuses.
  static http::Response render_error(int status, std::string_view message);

 private:
  void run(std::unique_ptr<api::Generation> generation, const http::Request& request,
           const std::shared_ptr<http::Responder>& responder, http::Headers headers);
  void count_response(int status);
  void forget(uint64_t key, const Exchange::Outcome& outcome);

  const api::ServedModel& model_;
  Generator& generator_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<uint64_t> next_exchange_ = 0;

  std::function<int()> connection_count_ = [] { return 0; };

  mutable Mutex mutex_;
  Condition ended_;
  std::unordered_map<uint64_t, std::weak_ptr<Exchange>> exchanges_ GUARDED_BY(mutex_);
  std::map<int, uint64_t> responses_ GUARDED_BY(mutex_);
  api::ChoiceCounts choices_ GUARDED_BY(mutex_);
};

}  // namespace estoc
