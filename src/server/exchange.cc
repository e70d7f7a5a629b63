#include "server/exchange.h"

#include "api/errors.h"
#include "base/error.h"

namespace estoc {
Exchange::Exchange(std::unique_ptr<api::Generation> generation, std::shared_ptr<http::Responder> responder,
                   http::Headers headers, std::function<void(const ExchangeOutcome&)> on_end)
    : generation_(std::move(generation)),
      responder_(std::move(responder)),
      generator_(*generation_->model().generator),
      headers_(std::move(headers)),
      on_end_(std::move(on_end)) {}

void Exchange::start() {
  if (!submit_all()) return;
  // Weak: the responder keeps the callback for as long as it lives itself.
  responder_->on_close([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->abandon();
  });
}

bool Exchange::submit_all() {
  std::vector<Request> requests = generation_->take_requests();
  for (size_t i = 0; i < requests.size(); ++i) {
    const size_t sibling = i - i % generation_->choices_per_prompt();
    if (i > sibling) requests[i].fork_of = id_of(sibling);
    SubmitResult result;
    try {
      result = generator_.submit(std::move(requests[i]),
                                 [self = shared_from_this(), i](Event&& event) { self->take(i, std::move(event)); });
    } catch (const Error& error) {
      cancel_all();
      respond(api::error_reply(error));
      return false;
    }
    if (result.status != SubmitStatus::accepted) {
      cancel_all();
      respond(refusal(result));
      return false;
    }
    const MutexLock lock(mutex_);
    ids_.push_back(result.id);
  }
  return true;
}

void Exchange::take(size_t choice, Event&& event) {
  {
    const MutexLock lock(mutex_);
    if (is_over_) return;
    mailbox_.push_back({choice, std::move(event)});
    if (is_posted_) return;
    is_posted_ = true;
  }
  responder_->post([self = shared_from_this()] { self->render(); });
}

void Exchange::render() {
  std::vector<Letter> letters;
  {
    const MutexLock lock(mutex_);
    letters.swap(mailbox_);
    is_posted_ = false;
    if (is_over_) return;
  }
  std::string out;
  for (Letter& letter : letters) {
    if (generation_->consume(letter.choice, std::move(letter.event), out)) generator_.complete(id_of(letter.choice));
  }
  const auto& failure = generation_->failure();
  if (failure && !has_stream_ && out.empty()) {
    cancel_all();
    return respond(*failure);
  }
  if (!generation_->is_stream()) {
    if (generation_->is_done()) respond(generation_->reply());
    return;
  }
  if (failure) out += api::stream_failure(*failure);
  if (!out.empty()) send(std::move(out));
  if (!generation_->is_done()) return;
  if (failure) cancel_all();
  responder_->finish();
  end({200, generation_->counts()});
}

void Exchange::send(std::string text) {
  if (!has_stream_) {
    has_stream_ = true;
    http::Headers headers = headers_;
    headers.emplace_back("Content-Type", "text/event-stream; charset=utf-8");
    headers.emplace_back("Cache-Control", "no-cache");
    headers.emplace_back("X-Accel-Buffering", "no");  // asks reverse proxies not to collect the events
    responder_->start_stream(200, std::move(headers));
  }
  if (!responder_->write(std::move(text))) abandon();
}

void Exchange::respond(api::Reply reply) {
  const int status = reply.status;
  responder_->respond(to_http(std::move(reply), headers_));
  end({status, generation_->counts()});
}

void Exchange::abandon() {
  // The generation is the connection's thread's, so what it has ended is not known here.
  end({kPeerLeft, {.aborted = cancel_all()}});
}

size_t Exchange::cancel_all() {
  std::vector<RequestId> ids;
  {
    const MutexLock lock(mutex_);
    ids = ids_;
  }
  for (const RequestId id : ids) generator_.cancel(id);
  return ids.size();
}

RequestId Exchange::id_of(size_t choice) {
  const MutexLock lock(mutex_);
  return ids_[choice];
}

void Exchange::end(const ExchangeOutcome& outcome) {
  {
    const MutexLock lock(mutex_);
    if (is_over_) return;
    is_over_ = true;
    mailbox_.clear();
  }
  on_end_(outcome);
}

}  // namespace estoc
