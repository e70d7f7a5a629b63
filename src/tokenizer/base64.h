// Base64 as tokenizer files carry bytes. Pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace estoc {

// The bytes that a text in the standard alphabet stands for, padded with "=" or not; nothing where it is no such text.
std::optional<std::string> bytes_of_base64(std::string_view text);

}  // namespace estoc
