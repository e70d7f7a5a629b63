// The byte-level spelling of GPT-2 vocabularies: every byte is written as one printable character, so that a space
// shows as U+0120. Bytes 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves; the other 68 follow U+0100 in order.
// Source: the GPT-2 encoder. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace estoc {

// The bytes a spelling stands for; nothing when some character of it is no byte's spelling.
std::optional<std::string> bytes_of_spelling(std::string_view spelling);

// The spelling of raw bytes.
std::string spelling_of_bytes(std::string_view bytes);

}  // namespace estoc
