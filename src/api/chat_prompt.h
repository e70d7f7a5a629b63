// Chat messages to prompt tokens, by the model's template.
//
// Errors: throws what read_messages throws, and Error{invalid_argument} with the template's own words when it refuses.
#pragma once

#include "api/fields.h"
#include "api/served_model.h"

namespace estoc::api {

struct ChatPrompt {
  SharedList<TokenId> tokens;
  bool continues_message = false;  // the output goes on in the middle of the last message
  bool is_in_reasoning = false;    // it begins with reasoning, whose mark the prompt has already
};

// Reads messages, add_generation_prompt, continue_final_message, chat_template_kwargs and reasoning_effort. `tools` are
// shown to the model; null when there are none.
ChatPrompt read_chat_prompt(Fields& fields, const ServedModel& model, Json tools = {});

}  // namespace estoc::api
