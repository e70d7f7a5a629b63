// One HTTP request that an encoder answers.
//
// What: submits the encoding's job, has its results rendered and writes the answer. Long answers are rendered where
// `hand_over` puts them, because the connection's thread writes everybody's tokens. When the peer goes away the job is
// cancelled, whether it waits or runs.
// Ownership: shared by the job's sink and the work that renders it; the served model and its encoder must outlive it.
// Threads: start on the connection's thread; abandon from any thread; the rest is internal.
#pragma once

#include <functional>
#include <memory>

#include "api/encoding.h"
#include "base/mutex.h"
#include "http/server.h"
#include "server/replies.h"

namespace estoc {

class EncodeExchange : public std::enable_shared_from_this<EncodeExchange> {
 public:
  // Runs work on another thread later; false when there is no room for it.
  using HandOver = std::function<bool(std::function<void()>)>;

  // Answers of more numbers than this are rendered elsewhere: it takes half a millisecond.
  static constexpr size_t kRenderAtOnceNumbers = 8 << 10;

  // `headers` go into the answer. `on_end` is called once.
  EncodeExchange(std::unique_ptr<api::Encoding> encoding, std::shared_ptr<http::Responder> responder,
                 http::Headers headers, HandOver hand_over, std::function<void(const ExchangeOutcome&)> on_end);

  // Submits. A full queue or a stopping engine is answered with 429 or 503, a job the engine refuses with 400.
  void start();

  // Cancels the job and answers nothing more.
  void abandon();

 private:
  void take(EncodeOutcome&& outcome);  // engine's thread
  void render(const EncodeOutcome& outcome);
  void respond(api::Reply reply);
  bool end(int status);

  const std::unique_ptr<api::Encoding> encoding_;
  const std::shared_ptr<http::Responder> responder_;
  const http::Headers headers_;
  const HandOver hand_over_;
  const std::function<void(const ExchangeOutcome&)> on_end_;

  Mutex mutex_;
  bool is_over_ GUARDED_BY(mutex_) = false;
  RequestId id_ GUARDED_BY(mutex_) = 0;  // once submitted
};

}  // namespace estoc
