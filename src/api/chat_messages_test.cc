#include "api/chat_messages.h"

#include <gtest/gtest.h>

#include "api/test_fake_model.h"
#include "base/error.h"

namespace estoc::api {
namespace {

// `messages` with one message as it is read; its JSON, or the refusal.
std::string read(const std::string& message) {
  const Json body = parse_json(R"({"messages": [)" + message + "]}");
  Fields fields(body);
  try {
    return to_json(read_messages(fields).as_array().at(0));
  } catch (const Error& error) {
    return std::string("refused: ") + error.what();
  }
}

constexpr std::array<std::string_view, 6> kRoles = {"system", "developer", "user", "assistant", "tool", "function"};
constexpr std::array<std::string_view, 14> kOptionalMembers = {
    "name",      "refusal",     "audio",   "function_call", "tool_calls", "tool_call_id", "reasoning_content",
    "reasoning", "annotations", "context", "weight",        "id",         "metadata",     "thinking"};
constexpr std::array<std::string_view, 3> kNothing = {"null", R"("")", "[]"};

TEST(ChatMessages, MembersThatSayNothingAreNotThere) {
  for (const std::string_view role : kRoles) {
    const std::string start = R"({"role": ")" + std::string(role) + R"(", "content": "hi")";
    const std::string without = read(start + "}");
    ASSERT_FALSE(without.starts_with("refused")) << without;
    std::string all;
    for (const std::string_view member : kOptionalMembers) {
      for (const std::string_view nothing : kNothing) {
        const std::string extra = ", \"" + std::string(member) + "\": " + std::string(nothing);
        EXPECT_EQ(read(start + extra + "}"), without) << role << extra;
      }
      all += ", \"" + std::string(member) + "\": null";
    }
    EXPECT_EQ(read(start + all + "}"), without);
  }
}

TEST(ChatMessages, OnlyAnAssistantMaySayNothing) {
  for (const std::string_view role : kRoles) {
    const bool is_silent_allowed = role == "assistant" || role == "function";
    for (const char* content : {"", R"(, "content": null)"}) {
      const std::string message = R"({"role": ")" + std::string(role) + "\"" + content + "}";
      const std::string expected =
          is_silent_allowed
              ? std::string(R"({"role":")") + (role == "function" ? "tool" : "assistant") + R"(","content":null})"
              : "refused: messages[0].content: missing";
      EXPECT_EQ(read(message), expected) << message;
    }
    // An empty text is a text.
    for (const char* content : {R"("")", "[]"}) {
      const std::string message = R"({"role": ")" + std::string(role) + R"(", "content": )" + content + "}";
      EXPECT_NE(read(message).find(R"("content":"")"), std::string::npos) << read(message);
    }
  }
}

TEST(ChatMessages, AnAssistantsTurnNeedsNoContentWhateverStandsBeside) {
  struct Case {
    const char *beside, *expected;
  };
  for (const Case& one : {
           Case{R"("refusal": "no")", R"({"role":"assistant","refusal":"no","content":null})"},
           Case{R"("function_call": {"name": "f", "arguments": "{}"})",
                R"({"role":"assistant","function_call":{"name":"f","arguments":"{}"},"content":null})"},
           Case{R"("reasoning": "w")",
                R"({"role":"assistant","reasoning":"w","reasoning_content":"w","content":null})"},
           Case{R"("reasoning_content": "w", "reasoning": null)",
                R"({"role":"assistant","reasoning_content":"w","reasoning":"w","content":null})"},
           Case{R"("audio": {"id": "a"})", R"({"role":"assistant","audio":{"id":"a"},"content":null})"},
           Case{R"("tool_calls": [{"id": "1", "index": null, "function": {"name": "f", "arguments": null}}])",
                R"({"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":{}}}],)"
                R"("content":null})"},
       }) {
    for (const char* content : {"", R"(, "content": null)"}) {
      const std::string message = R"({"role": "assistant", )" + std::string(one.beside) + content + "}";
      if (*content == '\0') {
        EXPECT_EQ(read(message), one.expected) << message;
      } else {
        EXPECT_FALSE(read(message).starts_with("refused")) << read(message);
      }
    }
  }
}

TEST(ChatMessages, PartsAreJoinedToOneText) {
  EXPECT_EQ(read(R"({"role": "user", "content": [{"type": "text", "text": "a", "annotations": null},
                                                 {"type": "input_text", "text": "b"}]})"),
            R"({"role":"user","content":"a\nb"})");
  EXPECT_EQ(read(R"({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]})"),
            R"({"role":"assistant","content":"no"})");
  EXPECT_EQ(read(R"({"role": "user", "content": [{"type": "text", "text": null}]})"),
            "refused: messages[0].content[0].text: missing");
  EXPECT_EQ(read(R"({"role": "user", "content": ["a"]})"),
            "refused: messages[0].content[0]: expected an object, got string");
}

TEST(ChatMessages, ArgumentsOfCallsBecomeObjects) {
  const auto call = [](const std::string& arguments) {
    return read(R"({"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f")" + arguments +
                "}}]}");
  };
  const auto expected = [](const std::string& arguments) {
    return R"({"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":)" + arguments +
           R"(}}],"content":null})";
  };
  for (const char* nothing :
       {"", R"(, "arguments": null)", R"(, "arguments": "")", R"(, "arguments": "{}")", R"(, "arguments": {})"}) {
    EXPECT_EQ(call(nothing), expected("{}")) << nothing;
  }
  EXPECT_EQ(call(R"(, "arguments": "{\"x\": [1, null]}")"), expected(R"({"x":[1,null]})"));
  EXPECT_EQ(call(R"(, "arguments": {"x": null})"), expected(R"({"x":null})"));
  EXPECT_EQ(read(R"({"role": "assistant", "tool_calls": "f"})"),
            "refused: messages[0].tool_calls: expected an array, got string");
}

// What the official Python client's objects dump as, given back as they are.
TEST(ChatMessages, TemplatesThatAskWhatIsThereSeeNoNulls) {
  FakeModel model;
  model.use_template(
      "{% for m in messages %}[{{ m.role }}"
      "{% for name in ['tool_calls', 'name', 'function_call', 'refusal'] if name in m %}+{{ name }}{% endfor %}]"
      "{% if 'tool_calls' in m %}{{ m.tool_calls[0].function.name }}{% endif %}{{ m.content }}{% endfor %}");
  const auto prompt_of = [&](const std::string& messages) {
    const std::string body = R"({"messages": [)" + messages + "]}";
    Answer answer = chat_completions(model.models(), call_with(body));
    const auto requests = std::get<std::unique_ptr<Generation>>(answer)->take_requests();
    return model.tokenizer.decode(requests.at(0).prompt, false);
  };
  EXPECT_EQ(prompt_of(R"({"role": "user", "name": null, "content": "a"},
                         {"content": "b", "refusal": null, "role": "assistant", "annotations": null, "audio": null,
                          "function_call": null, "tool_calls": null}, {"role": "user", "content": "c"})"),
            "[user]a[assistant]b[user]c");
  EXPECT_EQ(prompt_of(R"({"role": "user", "content": "a"},
                         {"content": null, "refusal": null, "role": "assistant", "annotations": [], "audio": null,
                          "function_call": null, "tool_calls": [{"id": "1", "type": "function",
                          "function": {"name": "f", "arguments": ""}}]},
                         {"role": "tool", "tool_call_id": "1", "content": "ok"})"),
            "[user]a[assistant+tool_calls]f[tool]ok");
}

}  // namespace
}  // namespace estoc::api
