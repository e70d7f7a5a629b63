#include "chat/null_content.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

// Which turns the template takes with null: c with tool calls, r with reasoning, n with nothing.
std::string taken_by(std::string_view body) {
  const ChatTemplate chat_template("{% for message in messages %}" + std::string(body) + "{% endfor %}");
  const NullContent null_content(chat_template, parse_json("{}"));
  std::string taken;
  if (null_content.is_taken(NullTurn::tool_calls)) taken += 'c';
  if (null_content.is_taken(NullTurn::reasoning)) taken += 'r';
  if (null_content.is_taken(NullTurn::nothing)) taken += 'n';
  return taken;
}

TEST(NullContent, IsTakenByTemplatesThatNeitherFailNorPrintNone) {
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
           Case{"{{ message.content.split('</think>')[-1] }}", ""},
           Case{"{% if not message.tool_calls %}{{ message.content + 'x' }}{% endif %}", "c"},
           Case{"{% if message.reasoning_content %}{{ message.content + 'x' }}{% endif %}", "cn"},
           // The template's own word is no content, and what fails for other reasons is not asked to take null.
           Case{"None{% if message.content is string %}{{ message.content }}{% endif %}", "crn"},
           Case{"{% if message.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}", "rn"},
           // A template that wants null and nothing else.
           Case{"{% if message.role == 'assistant' and message.content is not none %}{{ raise_exception('text') }}"
                "{% endif %}",
                "crn"},
       }) {
    EXPECT_EQ(taken_by(one.body), one.taken) << one.body;
  }
}

TEST(NullContent, IsEmptyTextForTheOthers) {
  const ChatTemplate chat_template(
      "{% for m in messages %}{% if not m.tool_calls %}{{ m.content + 'x' }}{% endif %}{% endfor %}");
  const NullContent null_content(chat_template, parse_json("{}"));
  EXPECT_EQ(null_content.content_for(parse_json(R"({"role": "assistant", "tool_calls": [1]})")), Json());
  EXPECT_EQ(null_content.content_for(parse_json(R"({"role": "assistant", "reasoning_content": "w"})")), Json(""));
  EXPECT_EQ(null_content.content_for(parse_json(R"({"role": "assistant"})")), Json(""));
}

}  // namespace
}  // namespace estoc
