// How models of a family write calls of tools: one small file each, and one line in the list of dialects.cc.
//
// What: how it is recognized, how its text is read, and what its calls look like. Threads: constant.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "dialects/call_format.h"
#include "dialects/part_splitter.h"
#include "dialects/tool.h"

namespace estoc {

struct ReasoningStyle;

struct Dialect {
  std::string_view name;
  std::string_view aliases;  // other servers' names of it, with blanks between
  // Whether models with this chat template write so.
  bool (*is_seen_in)(std::string_view chat_template);
  std::unique_ptr<PartSplitter> (*make_splitter)(CallContext context);
  // What calls of these tools look like. Throws Error{unsupported} for a tool that cannot be written so.
  CallFormat (*format)(const CallRules& rules);
  // Marks that are control tokens in some vocabularies: they have to reach the splitter.
  std::vector<std::string_view> marks;
  // What the same splitter takes for reasoning; null where reasoning has a style of its own.
  const ReasoningStyle* own_reasoning = nullptr;
  // The format of an answer whose text has this one, where a dialect has marks around text, too; null: the text itself.
  Json (*around_text)(Json text) = nullptr;
};

// In the order in which templates are compared with them.
std::span<const Dialect* const> dialects();
// By name or alias; null when there is none.
const Dialect* find_dialect(std::string_view name);
// The first that is seen in the chat template; null when none is.
const Dialect* detect_dialect(std::string_view chat_template);
// What models write that were taught no dialect of their own, when they are shown it.
const Dialect& default_dialect();

}  // namespace estoc
