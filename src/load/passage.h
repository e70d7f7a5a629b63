// Composed prose: minutes, logbooks, diaries, reports and letters about people and places that do not exist.
#pragma once

#include <string>

#include "load/draw.h"

namespace estoc {

// Paragraphs of one kind and about one subject, at least `words` words and at most one sentence more.
std::string passage(Draw& draw, int words);

// Passages under numbered headings, `chapter_words` each, at least `words` words in all.
std::string chapters(Draw& draw, int words, int chapter_words);

}  // namespace estoc
