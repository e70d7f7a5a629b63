#include "api/engine_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/errors.h"
#include "api/fields.h"

namespace estoc::api {

void check_prompt_length(size_t prompt_tokens, const ServedModel& model, const std::string& param) {
  if (prompt_tokens == 0) refuse_field(param, "the prompt has no tokens");
  if (static_cast<int64_t>(prompt_tokens) < model.context) return;
  throw ApiError(
      ErrorCode::invalid_argument,
      fmt::format("{}: the prompt has {} tokens, which leaves no room for output in the context of {} tokens", param,
                  prompt_tokens, model.context),
      param, "context_length_exceeded");
}

void check_text_length(size_t bytes, const ServedModel& model, const std::string& param) {
  if (bytes <= model.text_bytes_max) return;
  throw ApiError(ErrorCode::invalid_argument,
                 fmt::format("{}: the text has {} bytes, but the context of {} tokens holds at most {}", param, bytes,
                             model.context, model.text_bytes_max),
                 param, "context_length_exceeded");
}

void check_answer_size(size_t prompt_tokens, int choices, int echo_logprobs) {
  const size_t tokens = prompt_tokens * static_cast<size_t>(choices);
  if (tokens > limits::kAnswerPromptTokensMax) {
    refuse_field("n", fmt::format("too many choices of too long prompts: n times the tokens of all prompts may be at "
                                  "most {}, got {}",
                                  limits::kAnswerPromptTokensMax, tokens));
  }
  const size_t logprobs = tokens * static_cast<size_t>(echo_logprobs);
  if (logprobs > limits::kEchoLogprobsMax) {
    refuse_field("logprobs", fmt::format("too many with echo: log-probabilities of all prompts' tokens may be at most "
                                         "{}, got {}",
                                         limits::kEchoLogprobsMax, logprobs));
  }
}

Request build_request(const GenerationFields& fields, const ServedModel& model, const SharedList<TokenId>& prompt,
                      int index) {
  Request request;
  request.sampling = fields.sampling;
  if (request.sampling.seed) *request.sampling.seed += static_cast<uint64_t>(index);
  const int room = model.context - static_cast<int>(prompt.size());
  request.tokens_max = std::min(fields.tokens_max.value_or(room), room);
  request.tokens_min = std::min(fields.tokens_min, request.tokens_max);
  request.end_tokens = model.defaults.end_tokens;
  request.stop_tokens = fields.stop_tokens;
  request.ignore_end = fields.ignore_end;
  request.constraint = fields.constraint;
  request.priority = fields.priority;
  request.client = fields.client;
  request.cache_salt = fields.cache_salt;
  request.timeout = fields.timeout;
  request.prompt = prompt;
  return request;
}

ChoiceOptions choice_options(const GenerationFields& fields) {
  ChoiceOptions options;
  options.stops = fields.stops;
  options.stop_tokens = fields.stop_tokens;
  options.include_stop = fields.include_stop;
  options.skip_special = fields.skip_special;
  options.has_logprobs = fields.sampling.logprobs >= 0;
  options.tokens_min = fields.tokens_min;
  return options;
}

}  // namespace estoc::api
