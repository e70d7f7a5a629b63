#include "api/usage.h"

#include <fmt/format.h>

#include <iterator>

namespace estoc::api {

void Usage::append_to(std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                 R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                 prompt_tokens, output_tokens, prompt_tokens + output_tokens, cached_tokens);
}

}  // namespace estoc::api
