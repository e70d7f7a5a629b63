// The splitter of a chat's answer: what its model writes and its request allows.
#pragma once

#include <memory>
#include <string>

#include "api/served_model.h"
#include "api/tool_fields.h"
#include "dialects/part_splitter.h"

namespace estoc::api {

// Whether it looks for the marks of the model's dialect, which have to be in the text then.
bool reads_marks(const ServedModel& model, const ToolRequest& tools);

// `begins_in_reasoning`: the prompt opened it. `id_seed` tells the choice from all others.
std::unique_ptr<PartSplitter> make_answer_splitter(const ServedModel& model, const ToolRequest& tools,
                                                   bool begins_in_reasoning, std::string id_seed);

}  // namespace estoc::api
