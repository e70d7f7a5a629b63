// The prompts of /v1/completions in all their forms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/fields.h"
#include "api/served_model.h"

namespace estoc::api {

struct CompletionPrompt {
  SharedList<TokenId> tokens;
  std::shared_ptr<const std::string> text;  // as given, or decoded when tokens were given: what `echo` returns
};

// Reads prompt (a string, a list of strings, a list of token ids or a list of lists of them) and add_special_tokens
// (true: one BOS in front of a text where the model's tokenizer puts one; never an EOS behind).
// Throws Error{invalid_argument} with the path of the wrong element ("prompt[1]"), also for a prompt that is too long.
std::vector<CompletionPrompt> read_completion_prompts(Fields& fields, const ServedModel& model);

}  // namespace estoc::api
