// Chat messages to prompt tokens, by the model's template.
//
// Errors: throws Error{invalid_argument} with the path of a wrong message ("messages[2].content"), Error{unsupported}
// for content we cannot take (images, audio), and the template's own words when it refuses.
#pragma once

#include <vector>

#include "api/fields.h"
#include "api/served_model.h"
#include "base/json.h"

namespace estoc::api {

struct ChatPrompt {
  std::vector<TokenId> tokens;
  bool continues_message = false;  // the output goes on in the middle of the last message
};

// Reads messages, add_generation_prompt, continue_final_message, chat_template_kwargs and reasoning_effort.
ChatPrompt read_chat_prompt(Fields& fields, const ServedModel& model);

// `messages` as templates expect them: roles checked ("developer" is written "system", which templates know), text
// parts joined by line feeds, arguments of earlier tool calls parsed, everything else passed through.
Json read_messages(Fields& fields);

}  // namespace estoc::api
