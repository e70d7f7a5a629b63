#include "server/replies.h"

#include "api/errors.h"

namespace estoc {

api::Reply refusal(const SubmitResult& result) {
  if (result.status == SubmitStatus::stopping) {
    return api::error_reply(503, "the server is stopping", {}, "stopping", result.retry_after_s);
  }
  return api::error_reply(429, "too much work is waiting, try again later", {}, "queue_full", result.retry_after_s);
}

http::Response to_http(api::Reply reply, http::Headers headers) {
  headers.emplace_back("Content-Type", std::move(reply.content_type));
  headers.insert(headers.end(), reply.headers.begin(), reply.headers.end());
  return {reply.status, std::move(headers), std::move(reply.body)};
}

}  // namespace estoc
