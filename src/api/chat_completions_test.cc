#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/json.h"
#include "base/limits.h"

namespace estoc::api {
namespace {

class ChatTest : public testing::Test {
 protected:
  std::unique_ptr<Generation> generate(std::string_view body) {
    Answer answer = chat_completions(model_.models(), call_with(body));
    return std::move(std::get<std::unique_ptr<Generation>>(answer));
  }
  // With one user message "hi" and more fields: `"n":2`.
  std::unique_ptr<Generation> generate_hi(const std::string& fields = "") {
    return generate(R"({"messages":[{"role":"user","content":"hi"}])" + (fields.empty() ? "" : "," + fields) + "}");
  }
  Request request_hi(const std::string& fields) { return generate_hi(fields)->take_requests().at(0); }
  std::string prompt_of(std::string_view body) {
    return model_.tokenizer.decode(generate(body)->take_requests().at(0).prompt, false);
  }
  // Status, param and message of a refused request.
  void expect_refused(const std::string& body, int status, const std::string& param, const std::string& message) {
    SCOPED_TRACE(body);
    try {
      chat_completions(model_.models(), call_with(body));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      const Reply reply = error_reply(error);
      const Json envelope = parse_json(reply.body);
      const Json& fields = *envelope.find("error");
      EXPECT_EQ(reply.status, status);
      EXPECT_EQ(*fields.find("param"), param.empty() ? Json() : Json(param));
      EXPECT_NE(fields.find("message")->as_string().find(message), std::string::npos)
          << fields.find("message")->as_string();
    }
  }
  void expect_hi_refused(const std::string& fields, const std::string& param, const std::string& message) {
    expect_refused(R"({"messages":[{"role":"user","content":"hi"}],)" + fields + "}", 400, param, message);
  }

  FakeModel model_;
};

TEST_F(ChatTest, RendersTheTemplateAndFillsTheContext) {
  const Request request = request_hi("");
  EXPECT_EQ(model_.tokenizer.decode(request.prompt, false), "[user]hi;[assistant]");
  EXPECT_EQ(request.tokens_max, 100 - 20);
  EXPECT_EQ(request.end_tokens, std::vector<TokenId>{FakeTokenizer::kEos});
  EXPECT_EQ(request.sampling.temperature, 1.0f);
  EXPECT_EQ(request.sampling.logprobs, -1);
  EXPECT_FALSE(request.sampling.seed);
}

TEST_F(ChatTest, ReadsEverySamplingField) {
  const Request request = request_hi(
      R"("model":"org/tiny","temperature":0.5,"top_k":7,"top_p":0.9,"min_p":0.1,"repetition_penalty":1.1,)"
      R"("presence_penalty":0.2,"frequency_penalty":-0.3,"seed":-5,"stop":["a","b"],"stop_token_ids":[65],)"
      R"("max_tokens":9,"max_completion_tokens":12,"min_tokens":3,"ignore_eos":true,"logprobs":true,"top_logprobs":4,)"
      R"("logit_bias":{"66":-100,"67":2.5},"user":"me","never_heard_of":1,"tools":[],"tool_choice":"auto",)"
      R"("response_format":{"type":"text"})");
  EXPECT_FLOAT_EQ(request.sampling.temperature, 0.5f);
  EXPECT_EQ(request.sampling.top_k, 7);
  EXPECT_FLOAT_EQ(request.sampling.top_p, 0.9f);
  EXPECT_FLOAT_EQ(request.sampling.min_p, 0.1f);
  EXPECT_FLOAT_EQ(request.sampling.repetition_penalty, 1.1f);
  EXPECT_FLOAT_EQ(request.sampling.presence_penalty, 0.2f);
  EXPECT_FLOAT_EQ(request.sampling.frequency_penalty, -0.3f);
  EXPECT_EQ(request.sampling.seed, static_cast<uint64_t>(-5));
  EXPECT_EQ(request.stop_tokens, std::vector<TokenId>{65});
  EXPECT_EQ(request.tokens_max, 12);
  EXPECT_EQ(request.tokens_min, 3);
  EXPECT_TRUE(request.ignore_end);
  EXPECT_EQ(request.sampling.logprobs, 4);
  EXPECT_EQ(request.sampling.logit_bias, (std::vector<std::pair<TokenId, float>>{{66, -100.0f}, {67, 2.5f}}));
}

TEST_F(ChatTest, ModelDefaultsStandBetweenRequestAndOpenAi) {
  model_.served.defaults.temperature = 0.6f;
  model_.served.defaults.top_k = 20;
  model_.served.defaults.end_tokens = {65, 66};
  EXPECT_FLOAT_EQ(request_hi("").sampling.temperature, 0.6f);
  EXPECT_EQ(request_hi("").sampling.top_k, 20);
  EXPECT_EQ(request_hi("").end_tokens, (std::vector<TokenId>{65, 66}));
  EXPECT_FLOAT_EQ(request_hi(R"("temperature":0)").sampling.temperature, 0.0f);
  EXPECT_EQ(request_hi(R"("top_k":-1)").sampling.top_k, 0);
}

TEST_F(ChatTest, MessagesBecomeWhatTemplatesExpect) {
  model_.served.context = 200;
  EXPECT_EQ(prompt_of(R"({"messages":[{"role":"developer","content":"be brief"},
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
             "function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","content":"ok"}]})"),
            "[system]be brief;[user]a\nb;[assistant]<tool_call>\n{\"name\":\"f\",\"arguments\":{\"x\":1}}\n</tool_call>;"
            "[tool]ok;[assistant]");
}

TEST_F(ChatTest, ContinuesTheFinalMessage) {
  const std::string messages = R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"The "}])";
  EXPECT_EQ(prompt_of("{" + messages + R"(,"continue_final_message":true})"), "[user]hi;[assistant]The ");
  EXPECT_EQ(prompt_of("{" + messages + R"(,"add_generation_prompt":false})"), "[user]hi;[assistant]The ;");
  expect_refused("{" + messages + R"(,"continue_final_message":true,"add_generation_prompt":true})", 400,
                 "continue_final_message", "cannot be true together with add_generation_prompt");
}

TEST_F(ChatTest, BosIsThereExactlyOnce) {
  model_.tokenizer.has_bos = true;
  EXPECT_EQ(prompt_of(R"({"messages":[{"role":"user","content":"hi"}]})"), "<s>[user]hi;[assistant]");
  model_.use_template("{{ bos_token }}{{ messages[0].content }}");
  EXPECT_EQ(prompt_of(R"({"messages":[{"role":"user","content":"hi"}]})"), "<s>hi");
}

TEST_F(ChatTest, TemplateSeesItsOwnVariables) {
  model_.use_template("{{ mood }}{{ messages[0].name }}{% if tools is none %}!{% endif %}{{ eos_token }}");
  EXPECT_EQ(prompt_of(R"({"messages":[{"role":"user","name":"Ann","content":"hi"}],
            "chat_template_kwargs":{"mood":"gay ","messages":"ignored"}})"),
            "gay Ann!</s>");
}

TEST_F(ChatTest, RefusesWrongRequests) {
  expect_refused("", 400, "", "the request body is empty");
  expect_refused("{", 400, "", "not valid JSON");
  expect_refused("[]", 400, "", "request body: expected an object, got array");
  expect_refused("{}", 400, "messages", "messages: missing");
  expect_refused(R"({"messages":[]})", 400, "messages", "at least one message");
  expect_refused(R"({"messages":"hi"})", 400, "messages", "expected an array, got string");
  expect_refused(R"({"messages":[5]})", 400, "messages[0]", "expected an object, got integer");
  expect_refused(R"({"messages":[{"content":"x"}]})", 400, "messages[0].role", "missing");
  expect_refused(R"({"messages":[{"role":"boss","content":"x"}]})", 400, "messages[0].role", "got \"boss\"");
  expect_refused(R"({"messages":[{"role":"user"}]})", 400, "messages[0].content", "missing");
  expect_refused(R"({"messages":[{"role":"user","content":3}]})", 400, "messages[0].content",
                 "messages[0].content: expected a string or an array of parts, got integer");
  expect_refused(R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})", 400,
                 "messages[0].content[0].type", "only text parts are supported, got \"image_url\"");
  expect_refused(R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]}]})", 400,
                 "messages[0].tool_calls[0].function.arguments", "not JSON");
  expect_refused(R"({"model":"gpt-4","messages":[{"role":"user","content":"hi"}]})", 404, "model",
                 "model \"gpt-4\" is not served here; the model is \"org/tiny\"");
}

TEST_F(ChatTest, RefusesWrongFields) {
  expect_hi_refused(R"("temperature":-1)", "temperature", "expected a number from 0 to 100, got -1");
  expect_hi_refused(R"("temperature":"hot")", "temperature", "got string");
  expect_hi_refused(R"("top_p":1.5)", "top_p", "from 0 to 1");
  expect_hi_refused(R"("n":0)", "n", "expected an integer from 1 to 128, got 0");
  expect_hi_refused(R"("max_tokens":0)", "max_tokens", "at least 1");
  expect_hi_refused(R"("max_tokens":2,"min_tokens":3)", "min_tokens", "at most max_tokens (2), got 3");
  expect_hi_refused(R"("stop":"")", "stop", "cannot be empty");
  expect_hi_refused(R"("stop":["a",1])", "stop[1]", "expected a string, got integer");
  expect_hi_refused(R"("stop_token_ids":[999])", "stop_token_ids[0]", "expected a token id from 0 to 260, got 999");
  expect_hi_refused(R"("logit_bias":{"x":1})", "logit_bias.x", "expected a token id");
  expect_hi_refused(R"("logit_bias":{"5":101})", "logit_bias.5", "from -100 to 100");
  expect_hi_refused(R"("logit_bias":[1])", "logit_bias", "expected an object of token ids");
  expect_hi_refused(R"("logprobs":true,"top_logprobs":21)", "top_logprobs", "from 0 to 20");
  expect_hi_refused(R"("top_logprobs":2)", "top_logprobs", "needs logprobs");
  expect_hi_refused(R"("seed":1.5)", "seed", "expected an integer");
  expect_hi_refused(R"("stream_options":{"include_usage":true})", "stream_options", "only allowed when stream");
  expect_hi_refused(R"("stream":true,"stream_options":{"include_usage":1})", "stream_options.include_usage",
                    "expected a boolean");
  expect_hi_refused(R"("best_of":2)", "best_of", "not supported");
  expect_hi_refused(R"("chat_template_kwargs":[])", "chat_template_kwargs", "expected an object");
}

TEST_F(ChatTest, ToolsAreForgottenWhereTheyAreForbidden) {
  const std::string tool = R"([{"type":"function","function":{"name":"f","parameters":{}}}])";
  const std::string hi = "[user]hi;[assistant]";
  model_.use_template(
      "{% if tools is not none %}TOOLS{% endif %}"
      "{% for m in messages %}[{{ m.role }}]{{ m.content }};{% endfor %}[assistant]");
  for (const std::string& fields :
       {R"("tool_choice":"none","tools":)" + tool,
        R"("tool_choice":"none","parallel_tool_calls":false,"tools":)" + tool,
        R"("function_call":"none","functions":[{"name":"f"}])" + std::string(), std::string(R"("tools":[])"),
        std::string(R"("tools":null,"tool_choice":"auto")"),
        std::string(R"("tool_choice":null,"parallel_tool_calls":true)"),
        std::string(R"("tools":[],"tool_choice":"none","functions":[],"function_call":"auto")")}) {
    EXPECT_EQ(model_.tokenizer.decode(request_hi(fields).prompt, false), hi) << fields;
  }
  expect_hi_refused(R"("functions":[{"name":"f"}])", "functions", "\"tools\" and \"tool_choice\" replaced it");
  expect_hi_refused(R"("tool_choice":"sometimes")", "tool_choice", R"(expected "none", "auto", "required")");
  expect_hi_refused(R"("tool_choice":"none","tools":{"f":1})", "tools", "expected an array, got object");
}

TEST_F(ChatTest, ListsHaveLimits) {
  const auto repeated = [](std::string_view item, size_t count) {
    std::string list = "[";
    for (size_t i = 0; i < count; ++i) list.append(i > 0 ? "," : "").append(item);
    return list + "]";
  };
  expect_hi_refused(R"("stop_token_ids":)" + repeated("65", limits::kStopTokensMax + 1), "stop_token_ids",
                    "at most 1024 token ids, got 1025");
  expect_hi_refused(R"("stop":)" + repeated(R"("x")", limits::kStopsMax + 1), "stop", "at most 64 strings, got 65");
  expect_hi_refused(R"("stop":")" + std::string(limits::kStopBytesMax + 1, 'x') + '"', "stop", "at most 4096 bytes");
  std::string biases = R"({"65":1)";
  for (size_t i = 0; i < limits::kLogitBiasMax; ++i) biases += R"(,"65":1)";
  expect_hi_refused(R"("logit_bias":)" + biases + "}", "logit_bias", "at most 1024 token ids, got 1025");
  const std::string message = R"({"role":"user","content":"hi"})";
  expect_refused(R"({"messages":)" + repeated(message, limits::kMessagesMax + 1) + "}", 400, "messages",
                 "at most 4096 items, got 4097");
  const std::string parts = repeated(R"({"type":"text","text":""})", limits::kPartsMax + 1);
  expect_refused(R"({"messages":[{"role":"user","content":)" + parts + "}]}", 400, "messages[0].content",
                 "at most 1024 parts, got 1025");
  const std::string calls = repeated(R"({"function":{"name":"f"}})", limits::kToolCallsMax + 1);
  expect_refused(R"({"messages":[{"role":"assistant","tool_calls":)" + calls + "}]}", 400, "messages[0].tool_calls",
                 "at most 512 items, got 513");
  expect_hi_refused(R"("tools":)" + repeated("{}", limits::kToolsMax + 1), "tools", "at most 512 items, got 513");
  expect_hi_refused(R"("tools":)" + std::string(200, '[') + std::string(200, ']'), "tools", "nested deeper than 128");
}

TEST_F(ChatTest, TextThatCannotFitIsRefusedBeforeTheTemplate) {
  model_.served.text_bytes_max = 120;
  model_.use_template("{{ raise_exception('rendered') }}");
  const std::string half = R"({"role":"user","content":")" + std::string(61, 'x') + R"("})";
  expect_refused(R"({"messages":[)" + half + "," + half + "]}", 400, "messages",
                 "but the context of 100 tokens holds at most 120");
  model_.use_template("{% for i in range(9) %}{{ messages[0].content }}{% endfor %}");
  expect_refused(R"({"messages":[)" + half + "]}", 400, "messages", "the text has 549 bytes");
}

TEST_F(ChatTest, ErrorsDoNotRepeatAllThatWasSent) {
  const std::string name(100'000, 'x');
  try {
    chat_completions(model_.models(), call_with(R"({"model":")" + name + R"(","messages":[]})"));
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_LT(error_reply(error).body.size(), 3000u);
  }
}

TEST_F(ChatTest, ChoicesShareWhatIsLong) {
  const auto requests = generate_hi(R"("n":2,"stop_token_ids":[65],"logit_bias":{"66":1})")->take_requests();
  EXPECT_EQ(requests[0].prompt.begin(), requests[1].prompt.begin());
  EXPECT_EQ(requests[0].stop_tokens.begin(), requests[1].stop_tokens.begin());
  EXPECT_EQ(requests[0].sampling.logit_bias.begin(), requests[1].sampling.logit_bias.begin());
}

TEST_F(ChatTest, TooLongPromptIsRefusedWithBothNumbers) {
  const std::string body = R"({"messages":[{"role":"user","content":")" + std::string(82, 'x') + R"("}]})";
  expect_refused(body, 400, "messages",
                 "the prompt has 100 tokens, which leaves no room for output in the context of 100");
  try {
    chat_completions(model_.models(), call_with(body));
  } catch (const ApiError& error) {
    EXPECT_EQ(error.api_code(), "context_length_exceeded");
  }
}

TEST_F(ChatTest, ModelWithoutTemplateSaysSo) {
  model_.prompts = PromptBuilder(model_.tokenizer, std::nullopt);
  expect_refused(R"({"messages":[{"role":"user","content":"hi"}]})", 400, "messages", "has no chat template");
}

TEST_F(ChatTest, TemplatesOwnRefusalReachesTheCaller) {
  model_.use_template("{{ raise_exception('roles must alternate') }}");
  expect_refused(R"({"messages":[{"role":"user","content":"hi"}]})", 400, "messages", "roles must alternate");
}

TEST_F(ChatTest, WholeAnswerIsExact) {
  const auto generation = generate_hi();
  std::string out;
  EXPECT_FALSE(feed(*generation, 0, events_of({258, 259, 260, 257}, FinishReason::stop), out));
  EXPECT_EQ(out, "");
  ASSERT_TRUE(generation->is_done());
  EXPECT_EQ(generation->reply().body,
            R"({"id":"chatcmpl-abc","object":"chat.completion","created":1757141666,"model":"org/tiny",)"
            R"("system_fingerprint":"fp","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world",)"
            R"("refusal":null},"logprobs":null,"finish_reason":"stop","stop_reason":null}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9,)"
            R"("prompt_tokens_details":{"cached_tokens":2}}})");
}

TEST_F(ChatTest, StreamIsExact) {
  const auto generation = generate_hi(R"("stream":true,"stream_options":{"include_usage":true})");
  std::string out;
  feed(*generation, 0, events_of({258, 0xC3, 0xA9, 257}, FinishReason::stop), out);
  const std::string head =
      R"(data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1757141666,"model":"org/tiny",)"
      R"("system_fingerprint":"fp","choices":[)";
  EXPECT_EQ(
      out,
      head +
          R"({"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null})" +
          "\n\n" + head +
          R"({"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}],"usage":null})" + "\n\n" +
          head + R"({"index":0,"delta":{"content":"é"},"logprobs":null,"finish_reason":null}],"usage":null})" + "\n\n" +
          head + R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop","stop_reason":null}],"usage":null})" +
          "\n\n" + head +
          R"(],"usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9,)"
          R"("prompt_tokens_details":{"cached_tokens":2}}})"
          "\n\ndata: [DONE]\n\n");
}

constexpr ReasoningStyle kMarks = {"test", "", "<r>", "</r>"};

TEST_F(ChatTest, ReasoningHasAMemberOfItsOwn) {
  model_.served.dialect.reasoning = &kMarks;
  const std::vector<TokenId> tokens = bytes_of("<r>hm</r>Hi");
  std::string ignored, out;
  const auto whole = generate_hi("");
  feed(*whole, 0, events_of(tokens, FinishReason::length), ignored);
  EXPECT_NE(
      whole->reply().body.find(
          R"("message":{"role":"assistant","reasoning_content":"hm","reasoning":"hm","content":"Hi","refusal":null})"),
      std::string::npos);
  const auto cut = generate_hi("");
  feed(*cut, 0, events_of(bytes_of("<r>hm"), FinishReason::length), ignored);
  EXPECT_NE(cut->reply().body.find(R"("reasoning_content":"hm","reasoning":"hm","content":"")"), std::string::npos);
  const auto stream = generate_hi(R"("stream":true)");
  feed(*stream, 0, events_of(tokens, FinishReason::length), out);
  std::vector<std::string> deltas;
  for (size_t at = out.find(R"("delta":)"); at != std::string::npos; at = out.find(R"("delta":)", at + 1)) {
    deltas.push_back(out.substr(at + 8, out.find('}', at) - at - 7));
  }
  EXPECT_EQ(deltas,
            (std::vector<std::string>{
                R"({"role":"assistant","content":""})", R"({"reasoning_content":"h","reasoning":"h"})",
                R"({"reasoning_content":"m","reasoning":"m"})", R"({"content":"H"})", R"({"content":"i"})", "{}"}));
  const auto without = generate_hi(R"("include_reasoning":false)");
  feed(*without, 0, events_of(tokens, FinishReason::length), ignored);
  EXPECT_NE(without->reply().body.find(R"("message":{"role":"assistant","content":"Hi","refusal":null})"),
            std::string::npos);
}

TEST_F(ChatTest, TokensAreToldOfWhenTheirTextIsNot) {
  model_.served.dialect.reasoning = &kMarks;
  const auto stream = generate_hi(R"("stream":true,"logprobs":true,"stop":"Hi")");
  std::string out;
  std::vector<Event> events = events_of(bytes_of("<r>hm</r>a<b"), FinishReason::length);
  for (Event& event : events) event.logprobs = Logprobs{-1.0f, 1, {}};
  feed(*stream, 0, std::move(events), out);
  EXPECT_NE(out.find(R"("delta":{"content":"b"},"logprobs":{"content":[{"token":"b")"), std::string::npos) << out;
  // A mark alone is no text, but its tokens are told of.
  EXPECT_NE(out.find(R"("delta":{"content":""},"logprobs":{"content":[{"token":"<")"), std::string::npos) << out;
}

TEST_F(ChatTest, TextCompletionsHaveOneKindOfText) {
  model_.served.dialect.reasoning = &kMarks;
  const Answer answer = completions(model_.models(), call_with(R"({"prompt":"ab"})"));
  const auto& generation = std::get<std::unique_ptr<Generation>>(answer);
  std::string ignored;
  feed(*generation, 0, events_of(bytes_of("<r>hm"), FinishReason::length), ignored);
  EXPECT_NE(generation->reply().body.find(R"("text":"<r>hm")"), std::string::npos);
}

TEST_F(ChatTest, StreamWithoutUsageHasNoUsageField) {
  const auto generation = generate_hi(R"("stream":true)");
  std::string out;
  feed(*generation, 0, events_of({258, 259}, FinishReason::length), out);
  EXPECT_EQ(out.find("usage"), std::string::npos);
  EXPECT_NE(out.find(R"("finish_reason":"length")"), std::string::npos);
  EXPECT_TRUE(out.ends_with("}\n\ndata: [DONE]\n\n"));
}

TEST_F(ChatTest, StopStringAcrossTokensCancelsAndIsCut) {
  const auto generation = generate_hi(R"("stop":"o w")");
  std::string out;
  EXPECT_TRUE(feed(*generation, 0, events_of({258, 259, 260}, FinishReason::length), out));
  const Json body = parse_json(generation->reply().body);
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("message")->find("content")->as_string(), "Hell");
  EXPECT_EQ(choice.find("finish_reason")->as_string(), "stop");
  EXPECT_EQ(choice.find("stop_reason")->as_string(), "o w");
  EXPECT_EQ(body.find("usage")->find("completion_tokens")->as_int(), 2);
}

TEST_F(ChatTest, SeveralChoicesHaveTheirOwnSeedsAndShareTheirPrompt) {
  const auto generation = generate_hi(R"("n":2,"seed":10)");
  const std::vector<Request> requests = generation->take_requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].sampling.seed, 10u);
  EXPECT_EQ(requests[1].sampling.seed, 11u);
  std::string out;
  feed(*generation, 1, events_of({258}, FinishReason::length, 5, 4), out);
  EXPECT_FALSE(generation->is_done());
  feed(*generation, 0, events_of({259, 260}, FinishReason::length, 5, 0), out);
  const Json body = parse_json(generation->reply().body);
  ASSERT_EQ(body.find("choices")->as_array().size(), 2u);
  EXPECT_EQ(body.find("choices")->as_array()[0].find("message")->find("content")->as_string(), " world");
  EXPECT_EQ(body.find("choices")->as_array()[1].find("message")->find("content")->as_string(), "Hello");
  EXPECT_EQ(
      to_json(*body.find("usage")),
      R"({"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":0}})");
}

TEST_F(ChatTest, LogprobsHaveOpenAisShape) {
  const auto generation = generate_hi(R"("logprobs":true,"top_logprobs":2)");
  std::vector<Event> events = events_of({258, 0xC3, 0xA9, 257}, FinishReason::stop);
  events[0].logprobs = Logprobs{-0.5f, 1, {{258, -0.5f}, {259, -1.5f}}};
  events[1].logprobs = Logprobs{-0.25f, 1, {}};
  events[2].logprobs = Logprobs{-0.125f, 1, {}};
  events[3].logprobs = Logprobs{-2.0f, 1, {}};
  std::string out;
  feed(*generation, 0, std::move(events), out);
  const Json body = parse_json(generation->reply().body);
  EXPECT_EQ(to_json(*body.find("choices")->as_array()[0].find("logprobs")),
            R"({"content":[{"token":"Hello","logprob":-0.5,"bytes":[72,101,108,108,111],"top_logprobs":[)"
            R"({"token":"Hello","logprob":-0.5,"bytes":[72,101,108,108,111]},)"
            R"({"token":" wor","logprob":-1.5,"bytes":[32,119,111,114]}]},)"
            "{\"token\":\"\uFFFD\",\"logprob\":-0.25,\"bytes\":[195],\"top_logprobs\":[]},"
            "{\"token\":\"\uFFFD\",\"logprob\":-0.125,\"bytes\":[169],\"top_logprobs\":[]}],\"refusal\":null}");
}

TEST_F(ChatTest, EngineFailureBecomesAnErrorReply) {
  const auto generation = generate_hi(R"("stream":true)");
  Event event;
  event.finish = FinishReason::error;
  event.error = "the logits are not numbers";
  std::string out;
  generation->consume(0, std::move(event), out);
  EXPECT_EQ(out, "");
  ASSERT_TRUE(generation->is_done());
  ASSERT_TRUE(generation->failure());
  EXPECT_EQ(generation->failure()->status, 500);
  EXPECT_EQ(stream_failure(*generation->failure()),
            R"(data: {"error":{"message":"the logits are not numbers","type":"server_error","param":null,"code":null}})"
            "\n\ndata: [DONE]\n\n");
}

TEST_F(ChatTest, CancellationFromOutsideIsUnavailable) {
  const auto generation = generate_hi();
  Event event;
  event.finish = FinishReason::cancelled;
  std::string out;
  generation->consume(0, std::move(event), out);
  EXPECT_EQ(generation->failure()->status, 503);
}

}  // namespace
}  // namespace estoc::api
