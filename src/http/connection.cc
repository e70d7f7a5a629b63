#include "http/connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "http/response_head.h"

namespace estoc::http {
namespace {

// How much of further requests is read while one is being answered. Beyond it the peer has to wait.
constexpr size_t kPipelinedBytesMax = 16 << 10;
// How long a peer may take to read the last answer and close. Closing with unread input resets the connection, and a
// reset would destroy an answer that the peer has not read yet (RFC 9112 section 9.6). What it goes on sending
// meanwhile, the rest of a body that was refused, is dropped by the system without being copied.
constexpr std::chrono::seconds kLingerTime{1};
constexpr size_t kDroppedAtOnce = 4 << 20;
constexpr size_t kKeptCapacityMax = 16 << 10;

}  // namespace

Connection::Connection(Worker& worker, std::shared_ptr<Service> service, std::unique_ptr<ConnectionSlot> slot, int fd,
                       std::string remote)
    : worker_(worker),
      service_(std::move(service)),
      slot_(std::move(slot)),
      remote_(std::move(remote)),
      socket_(*worker.loop, fd),
      timer_(*worker.loop),
      reader_({service_->config.header_bytes_max, service_->config.body_bytes_max, service_->body_budget}),
      phase_start_(Clock::now()),
      last_progress_(phase_start_) {}

void Connection::start() {
  worker_.connections.insert(shared_from_this());
  advance();
}

void Connection::refuse(int status, std::string_view message) {
  worker_.connections.insert(shared_from_this());
  answer_error(status, message);
  advance();
}

void Connection::close_when_idle() {
  if (phase_ == Phase::reading) close();
  if (phase_ == Phase::upgraded) exchange_->stop_frames();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  timer_.cancel();
  socket_.close();
  worker_.connections.erase(self);
  slot_.reset();
  out_ = {};
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->disconnect();
}

void Connection::on_wake() {
  // Looked at first: a reader too slow for its stream is found while its socket takes nothing.
  if (exchange_ && exchange_->is_closed()) close();
  advance();
}

void Connection::on_readable() {
  if (!reads_bulk()) return read();
  worker_.pace->take_turn([self = shared_from_this()] { self->read(); });
}

// Of a long body, or of what comes behind a refusal.
bool Connection::reads_bulk() const {
  return phase_ == Phase::lingering || (phase_ == Phase::reading && reader_.is_in_long_body());
}

void Connection::read() {
  is_read_awaited_ = false;
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::upgraded && holds_input()) return advance();
  const ssize_t count = phase_ == Phase::lingering
                            ? ::recv(socket_.fd(), nullptr, kDroppedAtOnce, MSG_TRUNC)
                            : ::recv(socket_.fd(), worker_.scratch.data(), worker_.scratch.size(), 0);
  if (phase_ == Phase::lingering && count > 0) {
    // Dropped.
  } else if (count > 0 && phase_ == Phase::upgraded) {
    exchange_->receive({worker_.scratch.data(), static_cast<size_t>(count)});
  } else if (count > 0) {
    reader_.feed({worker_.scratch.data(), static_cast<size_t>(count)});
  } else if (count == 0) {
    on_end_of_input();
  } else if (errno != EAGAIN && errno != EINTR) {
    close();
  }
  advance();
}

void Connection::on_end_of_input() {
  has_input_ended_ = true;
  // An answer that is complete is still delivered: the peer may have closed only its sending side.
  if ((phase_ == Phase::answering || phase_ == Phase::upgraded) && exchange_->is_complete()) return;
  if (phase_ == Phase::lingering && !out_.empty()) return;
  close();
}

void Connection::on_timer() {
  timer_time_ = Clock::time_point::max();
  if (phase_ == Phase::closed) return;
  if (Clock::now() >= deadline()) {
    if (phase_ == Phase::reading && out_.empty() && reader_.has_partial_request()) {
      answer_error(408, "the request did not arrive whole in time");
    } else {
      close();
    }
  }
  advance();
}

void Connection::advance() {
  try {
    bool goes_on = phase_ != Phase::closed;
    while (goes_on && flush()) {
      switch (phase_) {
        case Phase::reading:
          goes_on = read_request();
          break;
        case Phase::answering:
        case Phase::upgraded:
          goes_on = take_answer();
          break;
        case Phase::lingering:
        case Phase::closed:
          goes_on = false;
          break;
      }
    }
    if (phase_ != Phase::closed) wait_for_events();
  } catch (const std::exception& error) {  // out of memory or of descriptors
    log_error("http: closing the connection of {}: {}", remote_, error.what());
    close();
  }
}

bool Connection::flush() {
  while (sent_bytes_ < out_.size()) {
    if (is_write_awaited_) return false;
    const ssize_t count =
        ::send(socket_.fd(), out_.data() + sent_bytes_, out_.size() - sent_bytes_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) {
      close();
      return false;
    }
    sent_bytes_ += static_cast<size_t>(count);
    last_progress_ = Clock::now();
    if (exchange_) exchange_->sent(static_cast<size_t>(count));
  }
  sent_bytes_ = 0;
  out_.clear();
  if (phase_ == Phase::lingering) start_lingering();
  return phase_ != Phase::closed;
}

bool Connection::read_request() {
  if (service_->is_stopping) {
    close();
    return false;
  }
  const bool was_partial = reader_.has_partial_request();
  switch (reader_.parse()) {
    case RequestReader::State::request:
      start_answer(reader_.take_request());
      return true;
    case RequestReader::State::error:
      answer_error(reader_.error_status(), reader_.error_message());
      return true;
    case RequestReader::State::need_more:
      break;
  }
  if (!was_partial && reader_.has_partial_request()) phase_start_ = Clock::now();
  if (!reader_.take_expects_continue()) return false;
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  last_progress_ = Clock::now();
  return true;
}

void Connection::start_answer(ReadRequest read) {
  phase_ = Phase::answering;
  read.request.remote = remote_;
  const Exchange::Terms terms{read.is_head, read.is_http_1_0, read.keeps_alive, read.may_upgrade};
  exchange_ = std::make_shared<Exchange>(service_, worker_.loop, terms, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_wake();
  });
  const auto exchange = exchange_;
  const auto responder = std::make_shared<ExchangeResponder>(exchange);
  const std::string method = read.request.method, path = read.request.path;
  try {
    service_->handler(std::move(read.request), responder);
    return;
  } catch (const std::exception& error) {
    log_error("http: the handler of {} {} failed: {}", method, path, error.what());
  } catch (...) {
    log_error("http: the handler of {} {} failed", method, path);
  }
  exchange->abandon("the server failed to handle the request");
}

bool Connection::take_answer() {
  const Exchange::Progress progress = exchange_->take(out_);
  if (progress == Exchange::Progress::broken) {
    close();
    return false;
  }
  if (phase_ == Phase::answering && exchange_->is_upgraded()) start_frames();
  if (!out_.empty()) {
    last_progress_ = Clock::now();
    return true;
  }
  if (progress == Exchange::Progress::open) return false;
  end_answer();
  return true;
}

void Connection::start_frames() {
  phase_ = Phase::upgraded;
  const std::string bytes = reader_.take_unread();
  if (!bytes.empty()) exchange_->receive(bytes);
  if (service_->is_stopping) exchange_->stop_frames();  // it began between the two steps of stopping
}

void Connection::end_answer() {
  const bool keeps_alive = exchange_->keeps_alive() && !has_input_ended_ && !service_->is_stopping;
  exchange_->end_frames();
  exchange_.reset();
  if (out_.capacity() > kKeptCapacityMax) out_ = {};
  phase_ = keeps_alive ? Phase::reading : Phase::lingering;
  phase_start_ = Clock::now();
}

void Connection::answer_error(int status, std::string_view message) {
  out_ = whole_response(service_->render(status, message), false, false);
  phase_ = Phase::lingering;
  phase_start_ = last_progress_ = Clock::now();
}

void Connection::start_lingering() {
  if (std::exchange(has_output_ended_, true)) return;
  if (has_input_ended_ || ::shutdown(socket_.fd(), SHUT_WR) != 0) {
    close();
    return;
  }
  phase_start_ = Clock::now();
}

bool Connection::holds_input() const {
  if (phase_ == Phase::upgraded) return exchange_->holds_input();
  return phase_ == Phase::answering && reader_.unread_bytes() >= kPipelinedBytesMax;
}

void Connection::wait_for_events() {
  const auto self = shared_from_this();
  if (!out_.empty() && !is_write_awaited_) {
    is_write_awaited_ = true;
    socket_.wait_writable([self] {
      self->is_write_awaited_ = false;
      self->advance();
    });
  }
  const bool is_full = holds_input();
  if (!is_full && !has_input_ended_ && !is_read_awaited_) {
    is_read_awaited_ = true;
    socket_.wait_readable([self] { self->on_readable(); });
  }
  if (is_full && !is_failure_awaited_) {  // input is not read now, so its end is not seen; a reset still is
    is_failure_awaited_ = true;
    socket_.wait_failed([self] { self->close(); });
  }
  set_timer();
}

Connection::Clock::time_point Connection::deadline() const {
  if (!out_.empty()) return last_progress_ + service_->config.idle_timeout;
  switch (phase_) {
    case Phase::reading:
      return phase_start_ +
             (reader_.has_partial_request() ? service_->config.read_timeout : service_->config.idle_timeout);
    case Phase::lingering:
      return phase_start_ + kLingerTime;
    case Phase::answering:
    case Phase::upgraded:
    case Phase::closed:
      break;
  }
  return Clock::time_point::max();
}

void Connection::set_timer() {
  // A timer that goes off too early looks again; only one that would be late is set anew.
  const Clock::time_point when = deadline();
  if (when >= timer_time_) return;
  timer_time_ = when;
  timer_.set(when, [self = shared_from_this()] { self->on_timer(); });
}

}  // namespace estoc::http
