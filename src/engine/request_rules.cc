#include "engine/request_rules.h"

#include <span>

#include "base/error.h"
#include "sampling/logprobs.h"
#include "base/limits.h"

namespace estoc {
namespace {

template <typename... Args>
[[noreturn]] void refuse(const char* param, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCode::invalid_argument, fmt::format(format, std::forward<Args>(args)...), param);
}

void check_prompt(std::span<const TokenId> prompt, int vocab, const EngineConfig& config, int kv_positions) {
  if (prompt.empty()) refuse("prompt", "the prompt has no tokens, expected at least one");
  const auto context = static_cast<size_t>(config.context);
  if (prompt.size() >= context) {
    refuse("prompt", "the prompt has {} tokens, but a context of {} leaves room for at most {}", prompt.size(), context,
           context - 1);
  }
  const auto pool = static_cast<size_t>(kv_positions);
  if (prompt.size() >= pool) {
    refuse("prompt", "the prompt has {} tokens, but a KV cache of {} positions leaves room for at most {}",
           prompt.size(), pool, pool - 1);
  }
  for (const TokenId token : prompt) {
    if (token < 0 || token >= vocab) {
      refuse("prompt", "the prompt contains token {}, but the vocabulary has {} tokens", token, vocab);
    }
  }
}

}  // namespace

void validate(const Request& request, int vocab, const EngineConfig& config, int kv_positions) {
  check_prompt(request.prompt, vocab, config, kv_positions);
  if (request.tokens_max < 0) refuse("tokens_max", "tokens_max must be 0 or more, got {}", request.tokens_max);
  if (request.tokens_min < 0 || request.tokens_min > request.tokens_max) {
    refuse("tokens_min", "tokens_min must be between 0 and tokens_max = {}, got {}", request.tokens_max,
           request.tokens_min);
  }
  if (request.prompt_logprobs < -1 || request.prompt_logprobs > kTopLogprobsMax) {
    refuse("prompt_logprobs", "prompt_logprobs must be between 0 and {}, got {}", kTopLogprobsMax,
           request.prompt_logprobs);
  }
  if (request.stop_tokens.size() > limits::kStopTokensMax) {
    refuse("stop_tokens", "stop_tokens may be at most {}, got {}", limits::kStopTokensMax, request.stop_tokens.size());
  }
  if (request.timeout.count() < 0) refuse("timeout", "timeout must be positive, got {} ms", request.timeout.count());
  validate(request.sampling, vocab);
}

}  // namespace estoc
