#include "chat/null_content.h"

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

size_t count_none(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find("None"); at != text.npos; at = text.find("None", at + 1)) ++count;
  return count;
}

// Nothing when the template fails.
std::optional<std::string> rendered(const ChatTemplate& chat_template, Json variables, Json messages, Json content) {
  messages.as_array()[1].set("content", std::move(content));
  variables.set("messages", std::move(messages));
  variables.set("add_generation_prompt", true);
  try {
    return chat_template.render(variables);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

NullContent::NullContent(const ChatTemplate& chat_template, const Json& variables) {
  for (size_t i = 0; i < kProbes.size(); ++i) {
    const Json messages = parse_json(kProbes[i]);
    const auto with_null = rendered(chat_template, variables, messages, nullptr);
    if (!with_null) continue;
    // "None" may be a word of the template's own, so it is counted.
    const auto with_empty = rendered(chat_template, variables, messages, "");
    is_taken_[i] = count_none(*with_null) <= count_none(with_empty.value_or(""));
  }
}

Json NullContent::content_for(const Json& message) const {
  const NullTurn turn = message.find("tool_calls") != nullptr          ? NullTurn::tool_calls
                        : message.find("reasoning_content") != nullptr ? NullTurn::reasoning
                                                                       : NullTurn::nothing;
  return is_taken(turn) ? Json() : Json("");
}

}  // namespace estoc
