// One HTTP request that is being answered by generation.
//
// What: submits the generation's requests, takes their events from the engine thread through a small mailbox, renders
// them on the connection's thread and writes the result. At most one post is in flight, so a slow connection gets its
// events in fewer, larger writes. When the peer goes away every request is cancelled, whether it streams, waits or
// runs.
// Ownership: shared by the sinks of the engine's requests and the posts on the connection; the served model and its
// generator must outlive it.
// Threads: start on the connection's thread; abandon from any thread; the rest is internal.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "api/generation.h"
#include "base/mutex.h"
#include "http/server.h"
#include "server/replies.h"

namespace estoc {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // Its requests go to the generator of the generation's model. `headers` go into the answer. `on_end` is called once.
  Exchange(std::unique_ptr<api::Generation> generation, std::shared_ptr<http::Responder> responder,
           http::Headers headers, std::function<void(const ExchangeOutcome&)> on_end);

  // Submits. A full queue or a stopping engine is answered with 429 or 503, a request the engine refuses with 400.
  void start();

  // Cancels what still runs and answers nothing more.
  void abandon();

 private:
  struct Letter {
    size_t choice = 0;
    Event event;
  };

  bool submit_all();
  void take(size_t choice, Event&& event);  // engine thread
  void render();                            // connection's thread
  void send(std::string text);
  void end(const ExchangeOutcome& outcome);
  size_t cancel_all();  // how many
  RequestId id_of(size_t choice);
  void respond(api::Reply reply);

  const std::unique_ptr<api::Generation> generation_;
  const std::shared_ptr<http::Responder> responder_;
  api::Generator& generator_;
  http::Headers headers_;
  std::function<void(const ExchangeOutcome&)> on_end_;
  bool has_stream_ = false;  // connection's thread only

  Mutex mutex_;
  std::vector<Letter> mailbox_ GUARDED_BY(mutex_);
  bool is_posted_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::vector<RequestId> ids_ GUARDED_BY(mutex_);  // one a choice once submitted
};

}  // namespace estoc
