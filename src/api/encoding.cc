#include "api/encoding.h"

#include "api/errors.h"

namespace estoc::api {

Encoding::Encoding(const ServedModel& model, EncodeJob job, Render render)
    : model_(model),
      job_(std::move(job)),
      number_count_(job_.lengths.size() * static_cast<size_t>(model.encoder->info().outputs)),
      render_(std::move(render)) {}

Reply Encoding::reply(const EncodeOutcome& outcome) const {
  switch (outcome.end) {
    case EncodeOutcome::End::done:
      return {200, render_(outcome.results), {}};
    case EncodeOutcome::End::cancelled:
      return error_reply(503, "the request was cancelled: the server is stopping");
    case EncodeOutcome::End::timeout:
      // One that never began may be sent again; one whose own deadline passed was too slow for its caller.
      if (outcome.retry_after_s > 0) {
        return error_reply(503, outcome.error, {}, "queue_timeout", outcome.retry_after_s);
      }
      return error_reply(504, outcome.error, {}, "timeout");
    case EncodeOutcome::End::failed:
      break;
  }
  return error_reply(500, outcome.error);
}

}  // namespace estoc::api
