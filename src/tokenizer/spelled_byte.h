// Byte tokens of SentencePiece vocabularies: "<0x0A>" is the byte 10.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace estoc {

// The byte a spelling such as "<0x0A>" stands for; nothing when it is no such spelling.
std::optional<uint8_t> spelled_byte(std::string_view spelling);

}  // namespace estoc
