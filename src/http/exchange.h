// One request's answer on its way: filled by whoever answers, emptied by the connection.
//
// Ownership: shared by the connection (while it writes the answer) and the ExchangeResponder given to the handler.
// Threads: the Responder's methods from any thread; the others as marked. write() appends to a
// buffer under a lock nobody holds for long and wakes the connection at most once until that takes the buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/event_loop.h"
#include "http/frame_handler.h"
#include "http/server.h"
#include "http/service.h"

namespace estoc::http {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  struct Terms {
    bool is_head = false;      // no body
    bool is_http_1_0 = false;  // a stream ends with the connection instead of a last chunk
    bool keeps_alive = true;
    bool may_upgrade = false;
  };
  enum class Progress { open, complete, broken };

  // `wake` runs on the loop when there is something to take. It is not called before the first take().
  Exchange(std::shared_ptr<const Service> service, std::shared_ptr<EventLoop> loop, Terms terms,
           std::function<void()> wake);

  void respond(Response response);
  void start_stream(int status, Headers headers);
  bool write(std::string_view bytes);
  void finish();
  bool upgrade(Headers headers, std::shared_ptr<FrameHandler> handler);
  void resume();
  bool is_closed() const;
  void on_close(std::function<void()> callback);
  void post(std::function<void()> work) { loop_->post(std::move(work)); }
  // Nobody will complete this answer: status 500 if nothing was sent yet, else the connection has to end. No effect on
  // a complete answer. Any thread.
  void abandon(std::string_view message);

  // The connection's thread. Moves the bytes to send into `out` (empty before).
  Progress take(std::string& out);
  // The connection's thread: the system took `bytes` of those.
  void sent(size_t bytes);
  // The connection's thread: the peer is gone. Calls the on_close callback unless the answer is complete.
  void disconnect();
  // The connection's thread, of an upgraded one: gives bytes to the handler.
  void receive(std::string_view bytes);
  // The connection's thread: the peer is to wait, for the handler or for what is unsent.
  bool holds_input() const;
  // The connection's thread: tells the handler, if there is one, that the server is stopping; that the connection is
  // over.
  void stop_frames();
  void end_frames();
  bool is_upgraded() const;
  // False until the answer's head was made, and when the connection must end after it.
  bool keeps_alive() const;
  bool is_complete() const;

 private:
  bool may_start() const REQUIRES(mutex_);
  void append_chunk(std::string_view bytes) REQUIRES(mutex_);
  bool needs_wake() REQUIRES(mutex_);

  void wake_connection();
  template <typename Call>
  void call_handler(const char* what, Call&& call);

  const std::shared_ptr<const Service> service_;
  const std::shared_ptr<EventLoop> loop_;
  const Terms terms_;
  const std::function<void()> wake_;

  mutable Mutex mutex_;
  std::string outgoing_ GUARDED_BY(mutex_);     // not yet taken by the connection
  size_t taken_bytes_ GUARDED_BY(mutex_) = 0;   // taken but not yet sent
  bool is_started_ GUARDED_BY(mutex_) = false;  // the head is made
  bool has_body_ GUARDED_BY(mutex_) = true;     // of a stream: writes count
  bool is_chunked_ GUARDED_BY(mutex_) = false;
  bool keeps_alive_ GUARDED_BY(mutex_) = false;
  bool is_complete_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;        // what is_closed() says
  bool is_disconnected_ GUARDED_BY(mutex_) = false;  // disconnect() ran
  bool is_wake_due_ GUARDED_BY(mutex_) = true;       // a take() is on its way
  std::function<void()> on_close_ GUARDED_BY(mutex_);
  bool is_upgraded_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<FrameHandler> frames_ GUARDED_BY(mutex_);  // from upgrade() to end_frames()
  bool is_paused_ GUARDED_BY(mutex_) = false;                // by the handler
  uint64_t resumes_ GUARDED_BY(mutex_) = 0;
};

// What the handler gets. When the last owner lets go of an answer that is not complete, the exchange is abandoned, so
// that no connection waits for ever.
class ExchangeResponder : public Responder {
 public:
  explicit ExchangeResponder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeResponder() override;

  void respond(Response response) override { exchange_->respond(std::move(response)); }
  void start_stream(int status, Headers headers) override { exchange_->start_stream(status, std::move(headers)); }
  bool write(std::string bytes) override { return exchange_->write(bytes); }
  void finish() override { exchange_->finish(); }
  bool upgrade(Headers headers, std::shared_ptr<FrameHandler> handler) override {
    return exchange_->upgrade(std::move(headers), std::move(handler));
  }
  void resume() override { exchange_->resume(); }
  bool is_closed() const override { return exchange_->is_closed(); }
  void on_close(std::function<void()> callback) override { exchange_->on_close(std::move(callback)); }
  void post(std::function<void()> work) override { exchange_->post(std::move(work)); }

 private:
  const std::shared_ptr<Exchange> exchange_;
};

}  // namespace estoc::http
