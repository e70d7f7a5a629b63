#include "chat/tool_turns.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

std::string written_by(std::string_view source) {
  const jinja::Template chat_template(source);
  const AssistantTurns assistant_turns(chat_template, parse_json("{}"));
  const ToolTurns turns = ToolTurns::of(chat_template, assistant_turns, parse_json(R"({"tools": null})"));
  std::string written;
  if (turns.shows_tools) written += 't';
  if (turns.writes_calls) written += 'c';
  if (turns.writes_results) written += 'r';
  return written;
}

TEST(ToolTurns, AreWhatATemplateWrites) {
  const std::string tools = "{% if tools %}{{ tools | tojson }}{% endif %}";
  const std::string calls =
      "{% for m in messages %}{% for c in m.tool_calls %}{{ c.function.name }}{% endfor %}{% endfor %}";
  const std::string text = "{% for m in messages %}{{ m.content }}{% endfor %}";
  EXPECT_EQ(written_by(text), "r");
  EXPECT_EQ(written_by(tools + text), "tr");
  EXPECT_EQ(written_by(tools + calls), "tc");
  EXPECT_EQ(written_by(tools + calls + text), "tcr");
  EXPECT_EQ(written_by("{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no') }}{% endif %}"
                       "{{ m.content }}{% endfor %}"),
            "");
  EXPECT_EQ(written_by("no words of anybody"), "");
}

}  // namespace
}  // namespace estoc
