// Token ids in GGUF metadata. Writers say "none" by leaving a key out, or by a value with all bits set.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weights/metadata.h"

namespace estoc {

// The id under `key`; nothing when it is absent or "none". Throws Error{corrupt_file} when it is no integer or no
// possible id; whether the vocabulary has it is for the vocabulary to say.
std::optional<int64_t> gguf_token_id(const Metadata& metadata, std::string_view key);

// One warning that names the token keys that say "none".
void warn_of_absent_tokens(const Metadata& metadata);

}  // namespace estoc
