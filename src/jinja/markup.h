// HTML in strings: what is marked as markup is not escaped again. Errors: Failure.
#pragma once

#include <string>
#include <string_view>

#include "jinja/evaluator.h"

namespace estoc::jinja {

std::string escape_html(std::string_view text);

// The value as text that may stand in markup: escaped unless it is markup already.
std::string escaped_text(Evaluator& evaluator, const Value& value);

// Tags and comments away, runs of white space to one blank, entities back to characters.
std::string without_tags(std::string_view text);

// Numeric entities and the five of XML back to characters. Another name after an ampersand is a Failure: HTML has two
// thousand of them, and to guess would be to print the wrong text.
std::string without_entities(std::string_view text);

}  // namespace estoc::jinja
