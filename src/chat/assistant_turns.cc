#include "chat/assistant_turns.h"

#include <optional>
#include <string>

#include "base/error.h"

namespace estoc {
namespace {

// A conversation around each kind of turn, the turn in second place. The id suits templates that want nine letters and
// digits.
constexpr std::array<std::string_view, kNullTurnCount> kProbes = {
    R"([{"role": "user", "content": "a"},
        {"role": "assistant", "tool_calls": [{"id": "call00001", "type": "function",
                                              "function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "tool_call_id": "call00001", "name": "f", "content": "b"}])",
    R"([{"role": "user", "content": "a"}, {"role": "assistant", "reasoning_content": "w", "reasoning": "w"},
        {"role": "user", "content": "b"}])",
    R"([{"role": "user", "content": "a"}, {"role": "assistant"}, {"role": "user", "content": "b"}])"};

// How often the text names nothing, as Python or JSON spells it.
size_t count_nulls(std::string_view text) {
  size_t count = 0;
  for (const std::string_view word : {"None", "null"}) {
    for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  }
  return count;
}

void write_arguments_as_text(Json& message) {
  Json calls = *message.find("tool_calls");
  for (Json& call : calls.as_array()) {
    Json function = *call.find("function");
    function.set("arguments", to_json(*function.find("arguments")));
    call.set("function", std::move(function));
  }
  message.set("tool_calls", std::move(calls));
}

// One template and what all its probes have in common.
struct Prober {
  const jinja::Template& chat_template;
  Json variables;

  // Nothing when the template fails.
  std::optional<std::string> render(Json messages, Json content) {
    messages.as_array()[1].set("content", std::move(content));
    variables.set("messages", std::move(messages));
    variables.set("add_generation_prompt", true);
    try {
      return chat_template.render(variables);
    } catch (const Error&) {
      return std::nullopt;
    }
  }
  bool takes_null(const Json& messages) {
    const auto with_null = render(messages, nullptr);
    if (!with_null) return false;
    // "None" may be a word of the template's own, so it is counted.
    return count_nulls(*with_null) <= count_nulls(render(messages, "").value_or(""));
  }
};

}  // namespace

AssistantTurns::AssistantTurns(const jinja::Template& chat_template, const Json& variables) {
  Prober prober{chat_template, variables};
  for (size_t i = 0; i < kProbes.size(); ++i) takes_null_[i] = prober.takes_null(parse_json(kProbes[i]));
  bool& takes_null_calls = takes_null_[static_cast<size_t>(NullTurn::tool_calls)];
  if (takes_null_calls) return;
  const Json as_objects = parse_json(kProbes[static_cast<size_t>(NullTurn::tool_calls)]);
  Json as_text = as_objects;
  write_arguments_as_text(as_text.as_array()[1]);
  takes_null_calls = prober.takes_null(as_text);
  wants_text_arguments_ = takes_null_calls || (!prober.render(as_objects, "") && prober.render(as_text, ""));
}

void AssistantTurns::fit(Json& message) const {
  const bool has_calls = message.find("tool_calls") != nullptr;
  if (has_calls && wants_text_arguments_) write_arguments_as_text(message);
  const Json* content = message.find("content");
  if (content != nullptr && !content->is_null()) return;
  const NullTurn turn = has_calls                                      ? NullTurn::tool_calls
                        : message.find("reasoning_content") != nullptr ? NullTurn::reasoning
                                                                       : NullTurn::nothing;
  message.set("content", takes_null(turn) ? Json() : Json(""));
}

}  // namespace estoc
