// From what was read to what the engine and the text side are given.
#pragma once

#include <string>

#include "api/choice.h"
#include "api/sampling_fields.h"
#include "api/served_model.h"
#include "engine/request.h"

namespace estoc::api {

// Throws ApiError{invalid_argument, "context_length_exceeded"} with both numbers when no output token would fit, and
// Error{invalid_argument} for an empty prompt. `param` is the field the prompt came from.
void check_prompt_length(size_t prompt_tokens, const ServedModel& model, const std::string& param);

// Before a text of so many bytes is rendered or encoded: throws the same when it cannot fit the context whatever it
// says.
void check_text_length(size_t bytes, const ServedModel& model, const std::string& param);

// Throws Error{invalid_argument} "n: .." when the choices of all prompts together would take too much memory:
// `prompt_tokens` in all prompts, `choices` of each, `echo_logprobs` log-probabilities of each echoed token.
void check_answer_size(size_t prompt_tokens, int choices, int echo_logprobs = 0);

// The engine request of choice `index` of one prompt: seeds of several choices count up from the given one.
Request build_request(const GenerationFields& fields, const ServedModel& model, const SharedList<TokenId>& prompt,
                      int index);

// The text side of the same choice.
ChoiceOptions choice_options(const GenerationFields& fields);

}  // namespace estoc::api
