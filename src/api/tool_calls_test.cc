// Tools of a chat request: what of them reaches the template, and what becomes of calls in the answer.
#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/error.h"
#include "base/json.h"

namespace estoc::api {
namespace {

constexpr const char* kTools =
    R"("tools":[{"type":"function","function":{"name":"look","description":"sees","parameters":{"type":"object",)"
    R"("properties":{"at":{"type":"string"}},"required":["at"]}}},{"type":"function","function":{"name":"now"}}])";

class ToolCallsTest : public testing::Test {
 protected:
  ToolCallsTest() { model_.served.context = 4000; }

  std::unique_ptr<Generation> generate(const std::string& fields, const std::string& more_messages = "") {
    const std::string body = R"({"messages":[{"role":"user","content":"hi"})" + more_messages + "]," + fields + "}";
    Answer answer = chat_completions(model_.models(), call_with(body));
    return std::move(std::get<std::unique_ptr<Generation>>(answer));
  }
  std::string prompt_of(const std::string& fields, const std::string& more_messages = "") {
    const auto generation = generate(fields, more_messages);
    return model_.tokenizer.decode(generation->take_requests().at(0).prompt, false);
  }
  Json message_of(Generation& generation, std::string_view text, FinishReason finish = FinishReason::stop) {
    std::vector<TokenId> tokens = bytes_of(text);
    if (finish == FinishReason::stop) tokens.push_back(FakeTokenizer::kEos);
    std::string out;
    feed(generation, 0, events_of(tokens, finish), out);
    return parse_json(generation.reply().body).find("choices")->as_array()[0];
  }
  void expect_refused(const std::string& fields, const std::string& param, const std::string& message) {
    SCOPED_TRACE(fields);
    expect_refusal([&] { generate(fields); }, param, message);
  }

  FakeModel model_;
};

constexpr std::string_view kTwoCalls =
    "Wait:\n<tool_call>\n{\"name\": \"look\", \"arguments\": {\"at\": \"the </tool_call> "
    "\\\"sky\\\"\"}}\n</tool_call>\n"
    "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";

TEST_F(ToolCallsTest, WholeAnswersListTheirCalls) {
  const auto generation = generate(kTools);
  const Json choice = message_of(*generation, kTwoCalls);
  EXPECT_EQ(choice.find("finish_reason")->as_string(), "tool_calls");
  const Json& message = *choice.find("message");
  EXPECT_EQ(message.find("content")->as_string(), "Wait:");
  const Json::Array& calls = message.find("tool_calls")->as_array();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].find("type")->as_string(), "function");
  EXPECT_EQ(calls[0].find("function")->find("name")->as_string(), "look");
  EXPECT_EQ(calls[0].find("function")->find("arguments")->as_string(), "{\"at\": \"the </tool_call> \\\"sky\\\"\"}");
  EXPECT_EQ(calls[1].find("function")->find("arguments")->as_string(), "{}");
  EXPECT_TRUE(calls[0].find("id")->as_string().starts_with("call_"));
  EXPECT_NE(calls[0].find("id")->as_string(), calls[1].find("id")->as_string());
  EXPECT_EQ(calls[0].find("index"), nullptr);
}

TEST_F(ToolCallsTest, AMessageOfCallsAloneHasNoContent) {
  const auto generation = generate(kTools);
  const Json choice = message_of(*generation, "<tool_call>{\"name\": \"now\"}</tool_call>");
  EXPECT_TRUE(choice.find("message")->find("content")->is_null());
}

TEST_F(ToolCallsTest, AnAnswerThatIsCutShortSaysSo) {
  const auto generation = generate(kTools);
  const Json choice =
      message_of(*generation, "<tool_call>{\"name\": \"look\", \"arguments\": {\"at\": \"th", FinishReason::length);
  EXPECT_EQ(choice.find("finish_reason")->as_string(), "length");
  EXPECT_EQ(choice.find("message")->find("tool_calls")->as_array()[0].find("function")->find("arguments")->as_string(),
            "{\"at\": \"th");
}

TEST_F(ToolCallsTest, StreamsTellIdAndNameOnceAndAddUpToTheWhole) {
  const auto generation = generate(std::string(R"("stream":true,)") + kTools);
  std::vector<TokenId> tokens = bytes_of(kTwoCalls);
  tokens.push_back(FakeTokenizer::kEos);
  std::string out;
  feed(*generation, 0, events_of(tokens, FinishReason::stop), out);
  std::string content, arguments[2], finish;
  int names[2] = {};
  for (size_t at = out.find("data: {"); at != std::string::npos; at = out.find("data: {", at + 1)) {
    const Json chunk = parse_json(out.substr(at + 6, out.find('\n', at) - at - 6));
    const Json& choice = chunk.find("choices")->as_array()[0];
    if (choice.find("finish_reason")->is_string()) finish = choice.find("finish_reason")->as_string();
    const Json& delta = *choice.find("delta");
    if (const Json* text = delta.find("content"); text != nullptr) content += text->as_string();
    const Json* calls = delta.find("tool_calls");
    if (calls == nullptr) continue;
    for (const Json& call : calls->as_array()) {
      const auto index = static_cast<size_t>(call.find("index")->as_int());
      ASSERT_LT(index, 2u);
      EXPECT_EQ(call.find("id") != nullptr, call.find("function")->find("name") != nullptr);
      if (call.find("id") != nullptr) ++names[index];
      arguments[index] += call.find("function")->find("arguments")->as_string();
    }
  }
  EXPECT_EQ(content, "Wait:");
  EXPECT_EQ(names[0], 1);
  EXPECT_EQ(names[1], 1);
  EXPECT_EQ(arguments[0], "{\"at\": \"the </tool_call> \\\"sky\\\"\"}");
  EXPECT_EQ(arguments[1], "{}");
  EXPECT_EQ(finish, "tool_calls");
}

TEST_F(ToolCallsTest, WithoutToolsMarksAreText) {
  for (const std::string& fields : {std::string(R"("tools":[])"), std::string(R"("tool_choice":"none",)") + kTools}) {
    const auto generation = generate(fields);
    const Json choice = message_of(*generation, kTwoCalls);
    EXPECT_EQ(choice.find("message")->find("content")->as_string(), kTwoCalls);
    EXPECT_EQ(choice.find("finish_reason")->as_string(), "stop");
  }
}

TEST_F(ToolCallsTest, TemplatesAreShownTheToolsAsTheyCame) {
  model_.use_template(
      "{% if tools %}{{ tools | tojson }}|{% endif %}{% for m in messages %}{{ m.content }}"
      "{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}");
  const std::string called =
      R"(,{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"look",)"
      R"("arguments":"{\"at\": \"é\"}"}}]},{"role":"tool","tool_call_id":"1","content":"blue"})";
  EXPECT_EQ(prompt_of(kTools, called),
            std::string(R"([{"type": "function", "function": {"name": "look", "description": )"
                        R"("sees", "parameters": {"type": "object", "properties": {"at": )"
                        R"({"type": "string"}}, "required": ["at"]}}}, {"type": "function", )"
                        R"("function": {"name": "now"}}]|hilook{"at": "é"}blue)"));
}

TEST_F(ToolCallsTest, WhatATemplateDoesNotWriteStandsInTheMessages) {
  model_.use_template(
      "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}[{{ m.role }}]"
      "{{ m.content }};{% endfor %}");
  const std::string called =
      R"(,{"role":"assistant","content":"Wait","tool_calls":[{"id":"1","function":{"name":"look",)"
      R"("arguments":{"at":"x"}}}]},{"role":"tool","content":"blue"},{"role":"tool","content":"sky"})";
  const std::string prompt = prompt_of(kTools, called);
  EXPECT_TRUE(prompt.starts_with("[system]You can call functions")) << prompt;
  EXPECT_NE(prompt.find(R"({"type":"function","function":{"name":"now"}})"), std::string::npos);
  EXPECT_TRUE(
      prompt.ends_with("[user]hi;[assistant]Wait\n<tool_call>\n{\"name\":\"look\",\"arguments\":{\"at\":\"x\"}}\n"
                       "</tool_call>;[user]<tool_response>\nblue\n</tool_response>\n<tool_response>\nsky\n"
                       "</tool_response>;"))
      << prompt;
}

TEST_F(ToolCallsTest, ReasoningOpenedByThePromptIsToldFromTheCalls) {
  model_.use_template("{% for m in messages %}{{ m.content }}{% endfor %}<think>\n");
  model_.served.dialect.reasoning = find_reasoning_style("think");
  const auto generation = generate(kTools);
  const Json choice = message_of(*generation, "hm\n</think>\n\n<tool_call>{\"name\": \"now\"}</tool_call>");
  EXPECT_EQ(choice.find("message")->find("reasoning")->as_string(), "hm");
  EXPECT_EQ(choice.find("message")->find("reasoning_content")->as_string(), "hm");
  EXPECT_EQ(choice.find("message")->find("tool_calls")->as_array().size(), 1u);
}

TEST_F(ToolCallsTest, RefusesWhatMeansNothing) {
  const auto tool = [](const std::string& function) {
    return R"("tools":[{"type":"function","function":)" + function + "}]";
  };
  expect_refused(R"("tools":[{"type":"custom"}])", "tools[0].type", "only functions");
  expect_refused(R"("tools":[{"type":"function"}])", "tools[0].function", "missing");
  expect_refused(tool("{}"), "tools[0].function.name", "missing");
  expect_refused(tool(R"({"name":"a b"})"), "tools[0].function.name", "ASCII letters");
  expect_refused(tool(R"({"name":"<|im_end|>"})"), "tools[0].function.name", "ASCII letters");
  expect_refused(tool(R"({"name":""})"), "tools[0].function.name", "1 to 256");
  expect_refused(tool(R"({"name":"a","parameters":[]})"), "tools[0].function.parameters", "expected an object");
  expect_refused(R"("tools":[{"function":{"name":"a"}},{"function":{"name":"a"}}])", "tools[1].function.name",
                 "another tool named \"a\"");
  expect_refused(R"("tool_choice":"required")", "tool_choice", "there are none");
  expect_refused(std::string(R"("tool_choice":{"type":"function","function":{"name":"other"}},)") + kTools,
                 "tool_choice", "no tool named \"other\"");
  expect_refused(std::string(R"("tool_choice":{"type":"function"},)") + kTools, "tool_choice.function", "missing");
  model_.served.set_dialect({});
  expect_refused(std::string(R"("tool_choice":"required",)") + kTools, "tool_choice", "--tool-call-parser none");
  const auto generation = generate(kTools);  // what is not read stays in the text
  EXPECT_EQ(message_of(*generation, kTwoCalls).find("message")->find("content")->as_string(), kTwoCalls);
}

}  // namespace
}  // namespace estoc::api
