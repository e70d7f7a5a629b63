// Errors as OpenAI's clients expect them: a status and {"error":{"message","type","param","code"}}.
#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "base/error.h"

namespace estoc::api {

// An Error that also carries OpenAI's machine-readable `code` ("model_not_found").
class ApiError : public Error {
 public:
  ApiError(ErrorCode error_code, const std::string& message, std::string param, std::string api_code)
      : Error(error_code, message, std::move(param)), api_code_(std::move(api_code)) {}
  const std::string& api_code() const { return api_code_; }

 private:
  std::string api_code_;
};

int http_status(ErrorCode code);

// Empty `param` and `code` become null; long texts are cut. 429 and 503 come with Retry-After, of a second at least.
Reply error_reply(int status, std::string_view message, std::string_view param = {}, std::string_view code = {},
                  int retry_after_s = 1);
Reply error_reply(const Error& error);

}  // namespace estoc::api
