// One character or class of a regular expression as it is written: a literal, an escape or [...].
//
// Errors: Error{invalid_argument, unsupported} that say what and at which byte.
#pragma once

#include <cstddef>
#include <string_view>

#include "grammar/char_set.h"

namespace estoc::grammar {

// Reads from text[at], which exists, and moves `at` behind it.
CharSet read_char_class(std::string_view text, size_t& at);

}  // namespace estoc::grammar
