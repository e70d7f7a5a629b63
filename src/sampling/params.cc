#include "sampling/params.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/limits.h"
#include "sampling/logprobs.h"

namespace estoc {
namespace {

void check_range(const char* name, float value, float least, float most) {
  if (value >= least && value <= most) return;  // false for NaN
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{} must be between {} and {}, got {}", name, least, most, value), name);
}

}  // namespace

void validate(const SamplingParams& params, int vocab) {
  constexpr float kMost = std::numeric_limits<float>::max();
  if (!(params.temperature >= 0 && params.temperature <= kMost)) {
    throw Error(ErrorCode::invalid_argument, fmt::format("temperature must be 0 or more, got {}", params.temperature),
                "temperature");
  }
  if (params.top_k < 0) {
    throw Error(ErrorCode::invalid_argument, fmt::format("top_k must be 0 (keep all) or more, got {}", params.top_k),
                "top_k");
  }
  check_range("top_p", params.top_p, 0, 1);
  check_range("min_p", params.min_p, 0, 1);
  if (!(params.repetition_penalty > 0 && params.repetition_penalty <= kMost)) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("repetition_penalty must be above 0, got {}", params.repetition_penalty),
                "repetition_penalty");
  }
  check_range("presence_penalty", params.presence_penalty, -2, 2);
  check_range("frequency_penalty", params.frequency_penalty, -2, 2);
  if (params.logit_bias.size() > limits::kLogitBiasMax) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("logit_bias may name at most {} tokens, got {}", limits::kLogitBiasMax, params.logit_bias.size()),
        "logit_bias");
  }
  for (const auto& [token, bias] : params.logit_bias) {
    if (token < 0 || token >= vocab) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("logit_bias names token {}, but the vocabulary has {} tokens", token, vocab),
                  "logit_bias");
    }
    check_range("logit_bias", bias, -100, 100);
  }
  if (params.logprobs < -1 || params.logprobs > kTopLogprobsMax) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("logprobs must be between 0 and {}, got {}", kTopLogprobsMax, params.logprobs), "logprobs");
  }
}

bool takes_logits_as_they_are(const SamplingParams& params) {
  return params.repetition_penalty == 1 && params.presence_penalty == 0 && params.frequency_penalty == 0 &&
         params.logit_bias.empty();
}

}  // namespace estoc
