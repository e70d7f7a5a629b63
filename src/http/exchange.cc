#include "http/exchange.h"

#include <fmt/core.h>

#include <iterator>
#include <utility>

#include "base/log.h"
#include "http/response_head.h"

namespace estoc::http {

Exchange::Exchange(std::shared_ptr<const Service> service, std::shared_ptr<EventLoop> loop, Terms terms,
                   std::function<void()> wake)
    : service_(std::move(service)), loop_(std::move(loop)), terms_(terms), wake_(std::move(wake)) {}

bool Exchange::may_start() const {
  if (is_started_) log_error("http: a second answer to one request was ignored");
  return !is_started_ && !is_closed_;
}

bool Exchange::needs_wake() { return !std::exchange(is_wake_due_, true); }

void Exchange::wake_connection() {
  loop_->post([self = shared_from_this()] { self->wake_(); });
}

void Exchange::respond(Response response) {
  const bool may_stay = terms_.keeps_alive && !service_->is_stopping;
  std::string bytes = whole_response(response, terms_.is_head, may_stay);
  std::function<void()> dropped;  // destroyed after the lock is released
  {
    const MutexLock lock(mutex_);
    if (!may_start()) return;
    is_started_ = is_complete_ = true;
    keeps_alive_ = may_stay;
    outgoing_ = std::move(bytes);
    dropped.swap(on_close_);
    if (!needs_wake()) return;
  }
  wake_connection();
}

void Exchange::start_stream(int status, Headers headers) {
  HeadFraming framing;
  const bool has_body = !terms_.is_head && !is_bodiless(status);
  framing.is_chunked = !terms_.is_http_1_0 && !is_bodiless(status);
  framing.keeps_alive = terms_.keeps_alive && !service_->is_stopping;
  std::string bytes = response_head(status, headers, framing);
  {
    const MutexLock lock(mutex_);
    if (!may_start()) return;
    is_started_ = true;
    has_body_ = has_body;
    is_chunked_ = framing.is_chunked;
    keeps_alive_ = framing.keeps_alive;
    outgoing_ = std::move(bytes);
    if (!needs_wake()) return;
  }
  wake_connection();
}

void Exchange::append_chunk(std::string_view bytes) {
  if (!is_chunked_) {
    outgoing_.append(bytes);
    return;
  }
  fmt::format_to(std::back_inserter(outgoing_), "{:x}\r\n", bytes.size());
  outgoing_.append(bytes).append("\r\n");
}

bool Exchange::write(std::string_view bytes) {
  {
    const MutexLock lock(mutex_);
    if (!is_started_ || is_complete_ || is_closed_) return false;
    if (bytes.empty() || !has_body_) return true;  // an empty chunk would end the stream
    append_chunk(bytes);
    if (outgoing_.size() + taken_bytes_ > service_->config.stream_bytes_max) {
      is_closed_ = true;
      outgoing_ = {};
    } else if (!needs_wake()) {
      return true;
    }
  }
  wake_connection();
  return !is_closed();
}

void Exchange::finish() {
  std::function<void()> dropped;
  {
    const MutexLock lock(mutex_);
    if (!is_started_ || is_complete_ || is_closed_) return;
    if (has_body_ && is_chunked_) outgoing_ += "0\r\n\r\n";
    is_complete_ = true;
    dropped.swap(on_close_);
    if (!needs_wake()) return;
  }
  wake_connection();
}

bool Exchange::upgrade(Headers headers, std::shared_ptr<FrameHandler> handler) {
  if (!terms_.may_upgrade || service_->is_stopping) return false;
  std::string bytes = response_head(101, headers, {.is_upgrade = true});
  {
    const MutexLock lock(mutex_);
    if (is_started_ || is_closed_) return false;
    is_started_ = is_upgraded_ = true;
    frames_ = std::move(handler);
    outgoing_ = std::move(bytes);
    if (!needs_wake()) return true;
  }
  wake_connection();
  return true;
}

void Exchange::resume() {
  {
    const MutexLock lock(mutex_);
    ++resumes_;
    is_paused_ = false;
    if (!is_upgraded_ || !needs_wake()) return;
  }
  wake_connection();
}

// Calls the handler, which may call anything here. When it throws, the connection has to end.
template <typename Call>
void Exchange::call_handler(const char* what, Call&& call) {
  std::shared_ptr<FrameHandler> handler;
  {
    const MutexLock lock(mutex_);
    handler = frames_;
  }
  if (!handler) return;
  try {
    return call(*handler);
  } catch (const std::exception& error) {
    log_error("http: {} of an upgraded connection failed: {}", what, error.what());
  } catch (...) {
    log_error("http: {} of an upgraded connection failed", what);
  }
  abandon({});
}

void Exchange::receive(std::string_view bytes) {
  call_handler("receiving", [&](FrameHandler& handler) {
    uint64_t resumes_before;
    {
      const MutexLock lock(mutex_);
      if (is_complete_ || is_closed_) return;
      resumes_before = resumes_;
    }
    if (handler.receive(bytes)) return;
    const MutexLock lock(mutex_);
    is_paused_ = resumes_ == resumes_before;  // else it was resumed meanwhile
  });
}

bool Exchange::holds_input() const {
  const MutexLock lock(mutex_);
  return is_paused_ || outgoing_.size() + taken_bytes_ >= service_->config.upgraded_unsent_max;
}

void Exchange::stop_frames() {
  call_handler("stopping", [](FrameHandler& handler) { handler.stop(); });
}

void Exchange::end_frames() {
  call_handler("closing", [](FrameHandler& handler) { handler.closed(); });
  std::shared_ptr<FrameHandler> dropped;  // destroyed after the lock is released: it may own a Responder
  const MutexLock lock(mutex_);
  dropped.swap(frames_);
}

bool Exchange::is_upgraded() const {
  const MutexLock lock(mutex_);
  return is_upgraded_;
}

bool Exchange::is_closed() const {
  const MutexLock lock(mutex_);
  return is_closed_;
}

void Exchange::on_close(std::function<void()> callback) {
  {
    const MutexLock lock(mutex_);
    if (is_complete_) return;
    if (!is_disconnected_) {
      on_close_.swap(callback);  // the earlier one is destroyed after the lock is released
      return;
    }
  }
  if (loop_->is_own_thread()) {
    callback();
  } else {
    loop_->post(std::move(callback));
  }
}

void Exchange::abandon(std::string_view message) {
  {
    const MutexLock lock(mutex_);
    if (is_complete_ || is_closed_) return;
    is_closed_ = is_started_;
    if (is_closed_) outgoing_ = {};
  }
  if (is_closed()) {
    wake_connection();
  } else {
    respond(service_->render(500, message));
  }
}

Exchange::Progress Exchange::take(std::string& out) {
  const MutexLock lock(mutex_);
  is_wake_due_ = false;
  if (is_closed_) return Progress::broken;
  out.swap(outgoing_);
  taken_bytes_ += out.size();
  return is_complete_ ? Progress::complete : Progress::open;
}

void Exchange::sent(size_t bytes) {
  const MutexLock lock(mutex_);
  taken_bytes_ -= bytes;
}

void Exchange::disconnect() {
  std::function<void()> callback;
  {
    const MutexLock lock(mutex_);
    is_closed_ = true;
    outgoing_ = {};
    if (!std::exchange(is_disconnected_, true) && !is_complete_) callback.swap(on_close_);
  }
  end_frames();
  if (!callback) return;
  try {
    callback();
  } catch (const std::exception& error) {
    log_error("http: an on_close callback failed: {}", error.what());
  } catch (...) {
    log_error("http: an on_close callback failed");
  }
}

bool Exchange::keeps_alive() const {
  const MutexLock lock(mutex_);
  return keeps_alive_;
}

bool Exchange::is_complete() const {
  const MutexLock lock(mutex_);
  return is_complete_;
}

ExchangeResponder::~ExchangeResponder() {
  try {
    exchange_->abandon("the server dropped the request");
  } catch (const std::exception& error) {
    log_error("http: answering a dropped request failed: {}", error.what());
  }
}

}  // namespace estoc::http
