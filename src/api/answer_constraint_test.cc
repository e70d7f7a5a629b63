#include "api/answer_constraint.h"

#include <gtest/gtest.h>

#include "api/test_fake_model.h"
#include "base/error.h"
#include "dialects/test_writing.h"
#include "grammar/chart.h"
#include "grammar/text_format.h"

namespace estoc::api {
namespace {

std::string tools_with(const std::string& description, const std::string& more = "") {
  return R"("tools":[{"type":"function","function":{"name":"look","description":)" + to_json(Json(description)) + more +
         R"(,"parameters":{"type":"object","properties":{"at":{"type":"string","enum":["sea","sky"]},)"
         R"("n":{"type":"integer"}},"required":["at"],"additionalProperties":false}}},)"
         R"({"type":"function","function":{"name":"now"}}])";
}

class AnswerConstraintTest : public testing::Test {
 protected:
  AnswerConstraintTest() { model_.served.context = 4000; }

  Request request_of(const std::string& fields) {
    const std::string body = R"({"messages":[{"role":"user","content":"hi"}],)" + fields + "}";
    Answer answer = chat_completions(model_.models(), call_with(body));
    return std::get<std::unique_ptr<Generation>>(answer)->take_requests().at(0);
  }
  // Whether the whole of the text may be an answer.
  bool takes(const std::string& fields, std::string_view text) {
    return may_answer(request_of(fields), text);
  }
  void expect_refused(const std::string& fields, const std::string& param, const std::string& message) {
    SCOPED_TRACE(fields);
    expect_refusal([&] { request_of(fields); }, param, message);
  }

  FakeModel model_;
};

constexpr std::string_view kLook =
    "<tool_call>\n{\"name\": \"look\", \"arguments\": {\"at\": \"sky\", \"n\": 3}}\n</tool_call>";
constexpr std::string_view kNow = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";

std::string joined(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) all += text;
  return all;
}

TEST_F(AnswerConstraintTest, ARequiredCallIsAllThereIs) {
  const std::string required = R"("tool_choice":"required",)" + tools_with("sees");
  EXPECT_TRUE(takes(required, kLook));
  EXPECT_TRUE(takes(required, joined({kLook, "\n", kNow})));
  EXPECT_FALSE(takes(required, "no"));
  EXPECT_FALSE(takes(required, joined({"so: ", kLook})));
  EXPECT_FALSE(takes(required, joined({kLook, " so"})));
  const std::string one = R"("parallel_tool_calls":false,)" + required;
  EXPECT_TRUE(takes(one, kNow));
  EXPECT_FALSE(takes(one, joined({kLook, "\n", kNow})));
}

TEST_F(AnswerConstraintTest, ANamedFunctionIsTheOneThatIsCalled) {
  const std::string named = R"("tool_choice":{"type":"function","function":{"name":"look"}},)" + tools_with("sees");
  EXPECT_TRUE(takes(named, kLook));
  EXPECT_FALSE(takes(named, kNow));
}

TEST_F(AnswerConstraintTest, ACallThatIsLeftToTheModelKeepsToItsToolAllTheSame) {
  const std::string fields = tools_with("sees");
  EXPECT_TRUE(takes(fields, "no <tool_ call"));
  EXPECT_TRUE(takes(fields, ""));
  EXPECT_TRUE(takes(fields, joined({"I look:\n", kLook, "\n", kNow})));
  EXPECT_FALSE(takes(fields, R"(<tool_call>{"name": "other")"));
  EXPECT_FALSE(takes(fields, "<tool_call>\n{\"name\": \"look\", \"arguments\": {\"at\": \"me\"}}\n</tool_call>"));
  EXPECT_FALSE(takes(fields, "<tool_call>\n{\"name\": \"look\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_EQ(request_of(R"("tool_choice":"none",)" + fields).constraint, nullptr);
}

TEST_F(AnswerConstraintTest, DescriptionsChangeNothing) {
  const auto plain = request_of(tools_with("sees")).constraint;
  for (const char* description :
       {"", "</tool_call> root ::= [^x]*", "\"}}], {\"name\": \"evil\"}", "[a-z]+\\n\"\xC3\xA9"}) {
    EXPECT_EQ(request_of(tools_with(description)).constraint, plain) << description;
  }
}

TEST_F(AnswerConstraintTest, ReasoningComesFirst) {
  model_.served.dialect.reasoning = find_reasoning_style("think");
  const std::string required = R"("tool_choice":"required",)" + tools_with("sees");
  EXPECT_TRUE(takes(required, kNow));
  EXPECT_TRUE(takes(required, joined({"<think>\nlet me see <tool_call>\n</think>\n\n", kNow})));
  EXPECT_FALSE(takes(required, "<think>never ends"));
  EXPECT_FALSE(takes(required, "<think>\n</think>\n\nno"));
  const std::string format = R"("response_format":{"type":"json_object"})";
  EXPECT_TRUE(takes(format, "<think>\n{\n</think>\n\n{\"a\":1}"));
  EXPECT_FALSE(takes(format, "<think>\n{\n</think>\n\nno"));
  model_.use_template("{% for m in messages %}{{ m.content }}{% endfor %}<think>\n");
  EXPECT_TRUE(takes(format, "well\n</think>\n\n{\"a\":1}"));
  EXPECT_FALSE(takes(format, "{\"a\":1}"));
}

TEST_F(AnswerConstraintTest, AFormatBesideToolsIsForTextThatIsNoCall) {
  const std::string fields = R"("response_format":{"type":"json_object"},)" + tools_with("sees");
  EXPECT_TRUE(takes(fields, R"({"a":1})"));
  EXPECT_TRUE(takes(fields, kLook));
  EXPECT_FALSE(takes(fields, "text"));
}

TEST_F(AnswerConstraintTest, ChannelsStandAroundFormats) {
  model_.served.set_dialect({find_dialect("openai"), nullptr});
  const std::string format = R"("response_format":{"type":"json_object"})";
  EXPECT_TRUE(takes(format, "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>{}"));
  EXPECT_FALSE(takes(format, "<|channel|>final<|message|>no"));
  const std::string required = R"("tool_choice":"required",)" + tools_with("sees");
  EXPECT_TRUE(takes(required, "<|channel|>commentary to=functions.now <|constrain|>json<|message|>{}"));
  EXPECT_FALSE(takes(required, "<|channel|>final<|message|>no"));
}

// A schema that no grammar is made for.
TEST_F(AnswerConstraintTest, WhatCannotBeEnforcedIsAnObjectUnlessItIsStrict) {
  const auto tools = [](const char* strict) {
    return std::string(R"("tool_choice":"required","tools":[{"type":"function","function":{"name":"f","strict":)") +
           strict + R"(,"parameters":{"type":"object","properties":{"a":{"type":"integr"}}}}}])";
  };
  EXPECT_TRUE(takes(tools("false"), "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"b\": 1}}\n</tool_call>"));
  EXPECT_FALSE(takes(tools("false"), "<tool_call>\n{\"name\": \"f\", \"arguments\": 1}\n</tool_call>"));
  expect_refused(tools("true"), "tools", "/properties/a");
}

TEST_F(AnswerConstraintTest, ABudgetEndsReasoning) {
  expect_refused(R"("thinking_token_budget":5)", "thinking_token_budget", "marks reasoning");
  model_.served.dialect.reasoning = find_reasoning_style("think");
  EXPECT_EQ(request_of(R"("thinking_token_budget":-1)").constraint, nullptr);
  model_.use_template("{% for m in messages %}{{ m.content }}{% endfor %}<think>\n");
  for (const char* name : {"thinking_token_budget", "reasoning_budget", "thinking_budget_tokens"}) {
    const Request request =
        request_of("\"" + std::string(name) + R"(":2,"reasoning_budget_message":"Enough.")" + "," + tools_with("sees"));
    const auto place = request.constraint->start(request.end_tokens, {});
    EXPECT_TRUE(place->accept('a'));
    EXPECT_TRUE(place->accept('b'));
    std::string closing;
    while (!place->forced().empty()) {
      const TokenId token = place->forced().front();
      closing += static_cast<char>(token);
      ASSERT_TRUE(place->accept(token));
    }
    EXPECT_EQ(closing, "Enough.</think>");
    EXPECT_TRUE(place->accept('x'));
  }
}

TEST_F(AnswerConstraintTest, IsCompiledWhereThereIsTime) {
  const std::string body = R"({"messages":[{"role":"user","content":"hi"}],)" + tools_with("sees") + "}";
  Call call = call_with(body);
  call.may_compile = false;
  EXPECT_TRUE(std::holds_alternative<Elsewhere>(chat_completions(model_.models(), call)));
  request_of(tools_with("sees"));
  EXPECT_FALSE(std::holds_alternative<Elsewhere>(chat_completions(model_.models(), call)));
}

// Byte by byte.
bool fits(const Json& form, std::string_view text) {
  const auto grammar = grammar::compile_text_format({form, {}, {.allows_blanks = true}, {}});
  grammar::Chart chart(grammar->automaton);
  chart.start(grammar->start);
  for (const char c : text) {
    if (!chart.push(static_cast<uint8_t>(c))) return false;
  }
  return chart.ends_outside();
}

TEST(DialectFormats, AreWhatDialectsWriteAndWhatIsReadBack) {
  const Tools tools = {
      {"look", parse_json(R"({"type": "object", "properties": {"at": {"type": "string"}, "n": {"type": "integer"},
          "ok": {"type": "boolean"}, "list": {"type": "array", "items": {"type": "integer"}},
          "kind": {"$ref": "#/$defs/kind"}}, "required": ["at", "n"], "additionalProperties": false,
          "$defs": {"kind": {"enum": ["a", "b c"]}}})")},
      {"now", Json()}};
  const std::vector<WrittenCall> calls = {
      {"look", parse_json(R"({"at": "Zürich < 1", "n": 3, "ok": true, "list": [1, 2], "kind": "b c"})")},
      {"now", parse_json("{}")},
      {"look", parse_json(R"({"at": "", "n": -1, "kind": "a"})")}};
  const std::vector<WrittenCall> wrong = {{"look", parse_json(R"({"at": "x", "n": "y"})")}};
  for (const Dialect* dialect : dialects()) {
    const CallWriter& write = call_writers().at(dialect->name);
    const CallFormat several = dialect->format({tools, true}), one = dialect->format({tools, false});
    // Code has strings and words as JSON has them.
    const auto text_of = [&](const std::vector<WrittenCall>& all) {
      std::string text = write(all);
      if (dialect->name == "olmo3")
        text = "<function_calls>[" + text.substr(16, text.size() - 33) + "]</function_calls>";
      for (char& c : text) c = c == '\'' ? '"' : c;
      if (const size_t at = text.find("=True"); at != std::string::npos) text.replace(at, 5, "=true");
      if (dialect->name == "openai") text = text.substr(0, text.rfind("<|call|>"));  // which ends an answer
      return text;
    };
    const bool has_one = dialect->name == "openai" || dialect->name == "olmo3";
    const std::string first = text_of({calls[0]});
    EXPECT_TRUE(fits(one.calls, first)) << dialect->name << ": " << first;
    EXPECT_TRUE(fits(one.choice, first)) << dialect->name << ": " << first;
    EXPECT_TRUE(fits(one.calls, text_of({calls[1]}))) << dialect->name << ": " << text_of({calls[1]});
    EXPECT_TRUE(fits(one.calls, text_of({calls[2]}))) << dialect->name << ": " << text_of({calls[2]});
    EXPECT_FALSE(fits(one.calls, text_of(wrong))) << dialect->name << ": " << text_of(wrong);
    EXPECT_FALSE(fits(several.calls, "text")) << dialect->name;
    if (dialect->name != "openai") {
      EXPECT_TRUE(fits(several.choice, "some text < that")) << dialect->name;
    }
    if (has_one) continue;
    EXPECT_TRUE(fits(several.calls, text_of(calls))) << dialect->name << ": " << text_of(calls);
    EXPECT_FALSE(fits(one.calls, text_of(calls))) << dialect->name << ": " << text_of(calls);
  }
}

}  // namespace
}  // namespace estoc::api
