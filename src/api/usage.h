// Token counts of one answer, as OpenAI's `usage` object.
#pragma once

#include <cstdint>
#include <string>

namespace estoc::api {

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // prompt tokens found in the KV cache
  int64_t output_tokens = 0;

  // {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,"prompt_tokens_details":{"cached_tokens":..}}
  void append_to(std::string& out) const;
};

}  // namespace estoc::api
