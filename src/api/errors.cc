#include "api/errors.h"

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"

namespace estoc::api {

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unsupported:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::resource_exhausted:
    case ErrorCode::device_lost:
    case ErrorCode::cancelled:
      return 503;
    case ErrorCode::corrupt_file:
    case ErrorCode::io:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

namespace {

const char* type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "service_unavailable_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

// Errors quote what the caller sent, who may have sent megabytes. A character that is cut becomes U+FFFD when written.
std::string_view clipped(std::string_view text, size_t bytes_max) { return text.substr(0, bytes_max); }

Json string_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Reply error_reply(int status, std::string_view message, std::string_view param, std::string_view code,
                  int retry_after_s) {
  Json error;
  error.set("message", clipped(message, limits::kErrorBytesMax));
  error.set("type", type_of(status));
  error.set("param", string_or_null(clipped(param, limits::kErrorParamBytesMax)));
  error.set("code", string_or_null(code));
  Json envelope;
  envelope.set("error", std::move(error));
  Reply reply{status, to_json(envelope), {}};
  if (status == 429 || status == 503) {
    reply.headers.emplace_back("Retry-After", std::to_string(std::max(1, retry_after_s)));
  }
  return reply;
}

Reply error_reply(const Error& error) {
  const auto* api_error = dynamic_cast<const ApiError*>(&error);
  return error_reply(http_status(error.code()), error.what(), error.param(),
                     api_error == nullptr ? std::string_view() : std::string_view(api_error->api_code()));
}

}  // namespace estoc::api
