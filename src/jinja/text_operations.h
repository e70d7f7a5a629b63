// What Python does with whole strings, and HTML in them: what is marked as markup is not escaped again. The text is
// valid UTF-8; positions and widths are code points. Errors: Failure past kTextBytesMax, and as told.
// Internal to jinja/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/value.h"

namespace estoc::jinja {

class Evaluator;

// `characters` null means white space, else the set of characters to take off.
std::string strip(std::string_view text, const std::string* characters, bool left, bool right);

// `separator` null splits at runs of white space. A negative `times` is no bound.
std::vector<std::string> split(std::string_view text, const std::string* separator, int64_t times, bool from_right);
std::vector<std::string> split_lines(std::string_view text, bool keeps_ends);
std::string replace(std::string_view text, std::string_view old, std::string_view with, int64_t times);
std::string pad(std::string_view text, int64_t width, const std::string& fill, bool left, bool right);

std::string escape_html(std::string_view text);

// The value as text that may stand in markup: escaped unless it is markup already.
std::string escaped_text(Evaluator& evaluator, const Value& value);

// Tags and comments away, runs of white space to one blank, entities back to characters.
std::string without_tags(std::string_view text);

// Numeric entities and the five of XML back to characters. Another name after an ampersand is a Failure: HTML has two
// thousand of them, and to guess would be to print the wrong text.
std::string without_entities(std::string_view text);

}  // namespace estoc::jinja
