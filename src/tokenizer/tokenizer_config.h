// What a tokenizer_config.json says beside the vocabulary. Internal to the room. Throws Error{corrupt_file}.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/pipeline_tokenizer.h"

namespace estoc {

// A JSON text; errors name `where`.
Json parse_json_file(std::string_view text, const std::string& where);

// Names BOS and EOS. add_bos_token and add_eos_token overrule what goes around a text, as the tokenizer classes that
// know them do.
void apply_tokenizer_config(const JsonFields& config, TokenizerParts& parts);

// "added_tokens_decoder": tokens beside those of a vocabulary that cannot hold them, by id.
void add_tokens_of_config(const JsonFields& config, TokenizerParts& parts);

}  // namespace estoc
