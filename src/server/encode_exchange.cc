#include "server/encode_exchange.h"

#include "api/errors.h"
#include "base/error.h"
#include "base/log.h"

namespace estoc {

EncodeExchange::EncodeExchange(std::unique_ptr<api::Encoding> encoding, std::shared_ptr<http::Responder> responder,
                               http::Headers headers, HandOver hand_over,
                               std::function<void(const ExchangeOutcome&)> on_end)
    : encoding_(std::move(encoding)),
      responder_(std::move(responder)),
      headers_(std::move(headers)),
      hand_over_(std::move(hand_over)),
      on_end_(std::move(on_end)) {}

void EncodeExchange::start() {
  SubmitResult result;
  try {
    result = encoding_->model().encoder->submit(
        encoding_->take_job(),
        [self = shared_from_this()](EncodeOutcome&& outcome) { self->take(std::move(outcome)); });
  } catch (const Error& error) {
    return respond(api::error_reply(error));
  }
  if (result.status != SubmitStatus::accepted) return respond(refusal(result));
  {
    const MutexLock lock(mutex_);
    id_ = result.id;
  }
  // Weak: the responder keeps the callback for as long as it lives itself.
  responder_->on_close([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->abandon();
  });
}

void EncodeExchange::take(EncodeOutcome&& outcome) {
  {
    const MutexLock lock(mutex_);
    if (is_over_) return;
  }
  auto answer = [self = shared_from_this(), outcome = std::make_shared<EncodeOutcome>(std::move(outcome))] {
    if (!self->responder_->is_closed()) self->render(*outcome);
  };
  const bool is_long = encoding_->number_count() > kRenderAtOnceNumbers;
  if (is_long && hand_over_(answer)) return;
  responder_->post(std::move(answer));
}

void EncodeExchange::render(const EncodeOutcome& outcome) {
  api::Reply reply;
  try {
    reply = encoding_->reply(outcome);
  } catch (const std::exception& error) {
    log_error("an answer of {} numbers: {}", encoding_->number_count(), error.what());
    reply = api::error_reply(500, "the server failed to write the answer");
  }
  respond(std::move(reply));
}

void EncodeExchange::respond(api::Reply reply) {
  if (end(reply.status)) responder_->respond(to_http(std::move(reply), headers_));
}

void EncodeExchange::abandon() {
  RequestId id = 0;
  {
    const MutexLock lock(mutex_);
    id = id_;
  }
  if (id != 0) encoding_->model().encoder->cancel(id);
  end(kPeerLeft);
}

// False when it has ended before.
bool EncodeExchange::end(int status) {
  {
    const MutexLock lock(mutex_);
    if (is_over_) return false;
    is_over_ = true;
  }
  on_end_({status, {}});
  return true;
}

}  // namespace estoc
