// How models mark what they write for themselves, and the splitter that tells it from the answer.
//
// What: reasoning stands at the beginning of an answer, behind a mark, or behind one that the prompt ends with. Blanks
// around the marks are nobody's. What follows the end mark goes to another splitter, which knows calls.
// Threads: the list is constant; a splitter one at a time. Nothing throws.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dialects/part_splitter.h"

namespace estoc {

struct ReasoningStyle {
  std::string_view name;
  std::string_view aliases;  // other servers' names of it, with blanks between
  std::string_view begin, end;
  std::string_view answer_begin = "", answer_end = "";  // around the answer, where a model has marks for that
  std::string_view seen_in = begin;                     // what a chat template of such a model has in it
};

std::span<const ReasoningStyle> reasoning_styles();
// By name or alias; null when there is none.
const ReasoningStyle* find_reasoning_style(std::string_view name);
// The first whose words stand in the chat template; null when none do.
const ReasoningStyle* detect_reasoning_style(std::string_view chat_template);

// Whether a prompt leaves the model within its reasoning: it ends with the begin mark.
bool ends_in_reasoning(std::string_view prompt, const ReasoningStyle& style);

std::unique_ptr<PartSplitter> make_reasoning_splitter(const ReasoningStyle& style, bool begins_inside,
                                                      std::unique_ptr<PartSplitter> answer);

// `answer` with the reasoning that may, or must, stand in front of it.
Json with_reasoning(const ReasoningStyle& style, bool begins_inside, Json answer);

}  // namespace estoc
