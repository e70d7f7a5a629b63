// Which names from a command line or from a hub may become part of a path or an address.
//
// A hub's word is a stranger's: nothing of it touches the file system before it has passed here.
// Threads: pure functions. Nothing is thrown.
#pragma once

#include <cstddef>
#include <string_view>

namespace estoc {

// "config.json", "UD-Q4/model-00001-of-00002.gguf": relative, parts divided by '/', none of them empty, "." or "..", no
// backslash, colon or control character, valid UTF-8, and bounded in length.
bool is_safe_path(std::string_view path);
// One such part.
bool is_safe_part(std::string_view part);

// "org/name" as Hugging Face allows it; ModelScope's names are a part of these.
bool is_repo_id(std::string_view text);
// A branch, a tag or a commit; may have slashes (refs/pr/1).
bool is_revision(std::string_view text);
// "Q4_K_M", "UD-Q4_K_XL".
bool is_quant_name(std::string_view text);
// Letters, digits, '.', '_' and '-', none of the last three first, and at most `bytes_max`.
bool is_plain_name(std::string_view text, size_t bytes_max);

// Exactly `count` digits of 0-9a-f.
bool is_hex(std::string_view text, size_t count);
inline bool is_commit(std::string_view text) { return is_hex(text, 40); }

}  // namespace estoc
