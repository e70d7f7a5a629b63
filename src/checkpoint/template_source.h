// Where a model keeps its chat template. Order: chat_template.jinja, then chat_template in tokenizer_config.json (a
// string, or a list of named ones of which "default" counts), or tokenizer.chat_template in a GGUF file.
// Nothing when the model has none. Throws Error{corrupt_file}.
#pragma once

#include <optional>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

std::optional<std::string> template_source(const WeightSource& weights);

}  // namespace estoc
