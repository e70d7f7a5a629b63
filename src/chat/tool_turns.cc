#include "chat/tool_turns.h"

#include <string>

#include "base/error.h"

namespace estoc {
namespace {

// Words that no template has of its own. The id suits templates that want nine letters and digits.
constexpr std::string_view kTool = "probed_tool", kCalled = "probed_call", kResult = "probed_result";

constexpr std::string_view kTools = R"([{"type": "function", "function": {"name": "probed_tool",
    "description": "d", "parameters": {"type": "object", "properties": {"probed_argument":
    {"type": "string", "description": "e"}}, "required": ["probed_argument"]}}}])";
constexpr std::string_view kQuestion = R"([{"role": "user", "content": "a"}])";
constexpr std::string_view kTurns = R"([{"role": "user", "content": "a"},
    {"role": "assistant", "content": null, "tool_calls": [{"id": "call00001", "type": "function",
     "function": {"name": "probed_call", "arguments": {"x": "y"}}}]},
    {"role": "tool", "tool_call_id": "call00001", "name": "f", "content": "probed_result"}])";

}  // namespace

ToolTurns ToolTurns::of(const jinja::Template& chat_template, const AssistantTurns& assistant_turns,
                        const Json& variables) {
  const auto render = [&](std::string_view messages, bool has_tools) {
    Json all = variables;
    if (has_tools) all.set("tools", parse_json(kTools));
    Json turns = parse_json(messages);
    for (Json& message : turns.as_array()) assistant_turns.fit(message);
    all.set("messages", std::move(turns));
    all.set("add_generation_prompt", true);
    try {
      return chat_template.render(all);
    } catch (const Error&) {
      return std::string();
    }
  };
  const auto has = [](const std::string& text, std::string_view word) { return text.find(word) != text.npos; };
  ToolTurns turns;
  turns.shows_tools = has(render(kQuestion, true), kTool);
  const std::string conversation = render(kTurns, false);
  turns.writes_calls = has(conversation, kCalled);
  turns.writes_results = has(conversation, kResult);
  return turns;
}

}  // namespace estoc
