#include "chat/assistant_turns.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

// Which turns the template takes with null: c with tool calls, r with reasoning, n with nothing; t when it wants the
// arguments of calls as text.
std::string taken_by(std::string_view body) {
  const jinja::Template chat_template("{% for message in messages %}" + std::string(body) + "{% endfor %}");
  const AssistantTurns turns(chat_template, parse_json("{}"));
  std::string taken;
  if (turns.takes_null(NullTurn::tool_calls)) taken += 'c';
  if (turns.takes_null(NullTurn::reasoning)) taken += 'r';
  if (turns.takes_null(NullTurn::nothing)) taken += 'n';
  if (turns.wants_text_arguments()) taken += 't';
  return taken;
}

TEST(AssistantTurns, KeepNullForTemplatesThatNeitherFailNorPrintNone) {
  struct Case {
    std::string_view body, taken;
  };
  for (const Case& one : {
           Case{"{% if message['content'] is none %}calls{% else %}{{ message['content'] }}{% endif %}", "crn"},
           Case{"{% if message.content %}{{ message.content }}{% endif %}", "crn"},
           Case{"{{ message.role }}", "crn"},
           Case{"{{ message['content'] }}", ""},
           Case{"{{ message['role'] + message['content'] }}", ""},
           Case{"{{ message.content | trim }}", ""},
           Case{"{{ message.content if message.content is string else message.content | tojson }}", ""},
           Case{"{{ message.content.split('</think>')[-1] }}", ""},
           Case{"{% if not message.tool_calls %}{{ message.content + 'x' }}{% endif %}", "c"},
           Case{"{% if message.reasoning_content %}{{ message.content + 'x' }}{% endif %}", "cn"},
           // The template's own word is no content, but does not hide one; and what fails for other reasons is not
           // asked to take null.
           Case{"None{% if message.content is string %}{{ message.content }}{% endif %}", "crn"},
           Case{"None{{ message.content }}", ""},
           Case{"{% if message.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}", "rn"},
           // An answer is asked for, as in most requests.
           Case{"{% if not add_generation_prompt %}{{ raise_exception('nothing to do') }}{% endif %}", "crn"},
           // A template that wants null and nothing else.
           Case{"{% if message.role == 'assistant' and message.content is not none %}{{ raise_exception('text') }}"
                "{% endif %}",
                "crn"},
       }) {
    EXPECT_EQ(taken_by(one.body), one.taken) << one.body;
  }
}

TEST(AssistantTurns, GiveArgumentsAsTextToTemplatesThatFailForObjects) {
  const std::string adds = "{% for call in message.tool_calls %}{{ 'f ' + call.function.arguments }}{% endfor %}";
  EXPECT_EQ(taken_by(adds), "crnt");
  EXPECT_EQ(taken_by("{{ message.content + 'x' }}" + adds), "t");
  EXPECT_EQ(taken_by("{% for call in message.tool_calls %}{{ call.function.arguments | tojson }}{% endfor %}"), "crn");
  EXPECT_EQ(taken_by("{% for call in message.tool_calls %}{{ call.function.arguments.items() }}{% endfor %}"), "crn");
  // The calls of a turn with text are not looked at: only null shows what is wanted.
  EXPECT_EQ(taken_by("{% if message.content is none %}" + adds + "{% else %}{{ message.content }}{% endif %}"), "crnt");
}

TEST(AssistantTurns, AreFittedToTheTemplate) {
  const auto fitted = [](const AssistantTurns& turns, std::string_view message) {
    Json fit = parse_json(message);
    turns.fit(fit);
    return to_json(fit);
  };
  const jinja::Template particular(
      "{% for m in messages %}{% if not m.tool_calls %}{{ m.content + 'x' }}{% else %}"
      "{{ m.tool_calls[0].function.arguments + 'x' }}{% endif %}{% endfor %}");
  const AssistantTurns turns(particular, parse_json("{}"));
  EXPECT_EQ(fitted(turns, R"({"tool_calls":[{"function":{"name":"f","arguments":{"x":[1]}}}]})"),
            R"({"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":[1]}"}}],"content":null})");
  EXPECT_EQ(fitted(turns, R"({"content":null,"reasoning_content":"w"})"), R"({"content":"","reasoning_content":"w"})");
  EXPECT_EQ(fitted(turns, R"({"role":"assistant"})"), R"({"role":"assistant","content":""})");
  EXPECT_EQ(fitted(turns, R"({"content":"hi"})"), R"({"content":"hi"})");
}

}  // namespace
}  // namespace estoc
