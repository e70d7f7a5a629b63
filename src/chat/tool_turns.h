// Which of the things around tools a template writes: the tools themselves, an assistant's calls, what came of them.
//
// The template itself is the one to ask: it renders a probe of each, once, when the model is opened. Whoever makes a
// prompt writes the rest into the messages.
#pragma once

#include "base/json.h"
#include "chat/assistant_turns.h"
#include "jinja/template.h"

namespace estoc {

struct ToolTurns {
  bool shows_tools = false;
  bool writes_calls = false;
  bool writes_results = false;

  // Never throws: a template that fails writes nothing.
  static ToolTurns of(const jinja::Template& chat_template, const AssistantTurns& assistant_turns,
                      const Json& variables);
};

}  // namespace estoc
