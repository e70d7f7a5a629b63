#include "http/client_connection.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace estoc::http {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

void ClientConnection::start_call(std::string request, std::shared_ptr<AnswerSink> sink, Clock::time_point deadline) {
  request_ = std::move(request);
  sink_ = std::move(sink);
  deadline_ = deadline;
  sent_bytes_ = 0;
  has_answer_ = false;
  reader_ = ResponseReader();
  timer_.set(deadline, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end_call("timed out");
  });
  if (is_connected_) {
    send_more();
  } else {
    connect();
  }
}

void ClientConnection::connect() {
  std::string reason;
  const int fd = start_connection(client_.server_);
  if (fd < 0) reason = reason_of(errno);
  try {
    if (fd >= 0) socket_.emplace(client_.loop_, fd);  // owns fd, also when it throws
  } catch (const Error& error) {
    reason = error.what();
  }
  if (socket_) {
    socket_->wait_writable([self = shared_from_this()] { self->on_connected(); });
  } else {
    // Reported from the loop: the sink must not be called before send() returns.
    client_.loop_.post([self = shared_from_this(), reason] { self->end_call("cannot connect: " + reason); });
  }
}

void ClientConnection::on_connected() {
  if (is_closed_) return;
  int reason = 0;
  socklen_t bytes = sizeof(reason);
  if (::getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &reason, &bytes) != 0) reason = errno;
  if (reason != 0) return end_call("cannot connect: " + reason_of(reason));
  is_connected_ = true;
  send_more();
}

void ClientConnection::send_more() {
  while (sent_bytes_ < request_.size()) {
    const ssize_t count = ::send(socket_->fd(), request_.data() + sent_bytes_, request_.size() - sent_bytes_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent_bytes_ += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      socket_->wait_writable([self = shared_from_this()] {
        if (!self->is_closed_ && self->sink_) self->send_more();
      });
      break;
    } else if (errno != EINTR) {
      break;  // the peer closed; what it said before is still to be read
    }
  }
  wait_for_answer();
}

void ClientConnection::wait_for_answer() {
  if (is_read_awaited_ || is_closed_) return;
  is_read_awaited_ = true;
  socket_->wait_readable([self = shared_from_this()] { self->on_readable(); });
}

void ClientConnection::on_readable() {
  is_read_awaited_ = false;
  if (is_closed_) return;
  char bytes[Client::kReadBytesMax];
  const ssize_t count = ::recv(socket_->fd(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (count > 0) {
    on_bytes({bytes, static_cast<size_t>(count)});
  } else if (count == 0) {
    on_closed_by_peer({});
  } else if (errno != EAGAIN && errno != EINTR) {
    on_closed_by_peer(reason_of(errno));
  }
  wait_for_answer();
}

void ClientConnection::on_bytes(std::string_view bytes) {
  const Clock::time_point when = Clock::now();
  if (!sink_) return close();  // an answer to nothing
  has_answer_ = true;
  std::string body;
  const ResponseReader::State state = reader_.feed(bytes, body);
  if (!body.empty()) sink_->on_body(reader_.status(), body, when);
  if (is_closed_) return;  // the sink ended the run
  if (state == ResponseReader::State::done) end_call({});
  if (state == ResponseReader::State::broken) end_call(reader_.error());
}

void ClientConnection::on_closed_by_peer(const std::string& reason) {
  if (!sink_) return close();
  if (was_used_ && !has_answer_) {
    // The server gave up an idle connection while the request was on its way: that is no refusal, so a new connection
    // gets the request.
    auto request = std::move(request_);
    auto sink = std::exchange(sink_, nullptr);
    Client& client = client_;
    const Clock::time_point deadline = deadline_;
    close();
    const auto fresh = std::make_shared<ClientConnection>(client);
    client.connections_.insert(fresh);
    fresh->start_call(std::move(request), std::move(sink), deadline);
    return;
  }
  const bool is_whole = reader_.end() == ResponseReader::State::done;
  end_call(is_whole ? std::string() : reason.empty() ? reader_.error() : reason);
}

void ClientConnection::end_call(const std::string& error) {
  const auto sink = std::exchange(sink_, nullptr);
  if (!sink) return;
  const auto self = shared_from_this();
  timer_.cancel();
  const bool is_whole = error.empty();
  const bool is_reusable = is_whole && reader_.keeps_alive() && sent_bytes_ == request_.size();
  request_ = {};
  if (is_reusable) {
    was_used_ = true;
    client_.idle_.push_back(self);
  } else {
    close();
  }
  sink->on_end(reader_.status(), reader_.retry_after_s(), error, Clock::now());
}

void ClientConnection::close() {
  if (std::exchange(is_closed_, true)) return;
  const auto self = shared_from_this();
  timer_.cancel();
  sink_.reset();
  if (socket_) socket_->close();
  std::erase(client_.idle_, self);
  client_.connections_.erase(self);
}

}  // namespace estoc::http
