#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/json.h"
#include "base/limits.h"

namespace estoc::api {
namespace {

class CompletionsTest : public testing::Test {
 protected:
  std::unique_ptr<Generation> generate(std::string_view body) {
    Answer answer = completions(model_.models(), call_with(body));
    return std::move(std::get<std::unique_ptr<Generation>>(answer));
  }
  void expect_refused(const std::string& body, int status, const std::string& param, const std::string& message) {
    SCOPED_TRACE(body);
    expect_refusal([&] { completions(model_.models(), call_with(body)); }, param, message, status);
  }
  static Json choice_of(Generation& generation, size_t index = 0) {
    return parse_json(generation.reply().body).find("choices")->as_array().at(index);
  }

  FakeModel model_;
};

TEST_F(CompletionsTest, ReadsEveryFormOfPrompt) {
  model_.tokenizer.has_bos = model_.tokenizer.has_eos = true;  // EOS behind a prompt would end it: it is never added
  const auto prompts = [&](std::string_view body) {
    std::vector<std::string> texts;
    for (const Request& request : generate(body)->take_requests()) {
      texts.push_back(model_.tokenizer.decode(request.prompt, false));
    }
    return texts;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(prompts(R"({"prompt":"ab"})"), Texts{"<s>ab"});
  EXPECT_EQ(prompts(R"({"prompt":"<s>ab"})"), Texts{"<s>ab"});
  EXPECT_EQ(prompts(R"({"prompt":"ab","add_special_tokens":false})"), Texts{"ab"});
  EXPECT_EQ(prompts(R"({"prompt":["ab","c"]})"), (Texts{"<s>ab", "<s>c"}));
  EXPECT_EQ(prompts(R"({"prompt":[97,258]})"), Texts{"aHello"});
  EXPECT_EQ(prompts(R"({"prompt":[[97],[98,99]],"n":2})"), (Texts{"a", "a", "bc", "bc"}));
}

TEST_F(CompletionsTest, RefusesWrongPrompts) {
  expect_refused("{}", 400, "prompt", "prompt: missing");
  expect_refused(R"({"prompt":5})", 400, "prompt", "expected a string or an array, got integer");
  expect_refused(R"({"prompt":""})", 400, "prompt", "no tokens");
  expect_refused(R"({"prompt":[]})", 400, "prompt", "no tokens");
  expect_refused(R"({"prompt":["a",5]})", 400, "prompt[1]", "expected a string as before, got integer");
  expect_refused(R"({"prompt":[[5],"a"]})", 400, "prompt[1]", "expected an array of token ids as before, got string");
  expect_refused(R"({"prompt":[{}]})", 400, "prompt[0]", "expected a string or an array of token ids, got object");
  expect_refused(R"({"prompt":[5,"a"]})", 400, "prompt[1]", "expected a token id from 0 to 260, got string");
  expect_refused(R"({"prompt":[5,-1]})", 400, "prompt[1]", "got -1");
  expect_refused(R"({"prompt":[[5],[99999999999]]})", 400, "prompt[1][0]", "got 99999999999");
  expect_refused(R"({"prompt":[[5],[]]})", 400, "prompt[1]", "no tokens");
  expect_refused(R"({"prompt":["a",")" + std::string(100, 'x') + R"("]})", 400, "prompt[1]",
                 "100 tokens, which leaves no room for output in the context of 100");
}

TEST_F(CompletionsTest, RefusesWrongFields) {
  expect_refused(R"({"prompt":"a","model":"other"})", 404, "model", "org/tiny");
  expect_refused(R"({"prompt":"a","suffix":"b"})", 400, "suffix", "not supported");
  expect_refused(R"({"prompt":"a","best_of":2})", 400, "best_of", "unless it equals n");
  expect_refused(R"({"prompt":"a","logprobs":21})", 400, "logprobs", "from 0 to 20");
  expect_refused(R"({"prompt":"a","logprobs":true})", 400, "logprobs", "got boolean");
  expect_refused(R"({"prompt":"a","max_tokens":-2})", 400, "max_tokens", "at least 0, or -1 for no limit");
  expect_refused(R"({"prompt":["a","b","c","d","e","f","g","h","i"],"n":128})", 400, "n", "too many choices");
  EXPECT_EQ(generate(R"({"prompt":"a","best_of":3,"n":3,"suffix":""})")->take_requests().size(), 3u);
}

TEST_F(CompletionsTest, RefusesWhatWouldTakeTooMuch) {
  model_.served.text_bytes_max = 150;
  expect_refused(R"({"prompt":")" + std::string(151, 'x') + R"("})", 400, "prompt", "at most 150 bytes");
  expect_refused(R"({"prompt":["a",")" + std::string(151, 'x') + R"("]})", 400, "prompt", "at most 150 bytes");
  std::string ids = "[97";
  for (int i = 1; i < 200; ++i) ids += ",97";
  expect_refused(R"({"prompt":)" + ids + "]}", 400, "prompt", "the prompt has 200 tokens");
  std::string prompts = R"(["a")";
  for (size_t i = 0; i < limits::kPromptsMax; ++i) prompts += R"(,"a")";
  expect_refused(R"({"prompt":)" + prompts + "]}", 400, "prompt", "at most 256 prompts, got 257");
  prompts.erase(prompts.size() - 4);
  EXPECT_EQ(generate(R"({"prompt":)" + prompts + "]}")->take_requests().size(), limits::kPromptsMax);
  expect_refused(R"({"prompt":"a","n":129})", 400, "n", "from 1 to 128");
}

TEST_F(CompletionsTest, ChoicesTimesTokensHaveALimit) {
  model_.served.context = 1 << 20;
  std::string ids = "[97";
  for (size_t i = 1; i < limits::kAnswerPromptTokensMax / 128 + 1; ++i) ids += ",97";
  ids += "]";
  expect_refused(R"({"n":128,"prompt":)" + ids + "}", 400, "n", "at most 1048576, got 1048704");
  expect_refused(R"({"n":60,"echo":true,"logprobs":20,"prompt":)" + ids + "}", 400, "logprobs", "at most 2097152");
  const auto requests = generate(R"({"n":3,"prompt":)" + ids + "}")->take_requests();
  EXPECT_EQ(requests[0].prompt.begin(), requests[2].prompt.begin()) << "the prompt is there three times";
}

TEST_F(CompletionsTest, DefaultsToSixteenTokensWithinTheContext) {
  EXPECT_EQ(generate(R"({"prompt":"a"})")->take_requests()[0].tokens_max, 16);
  EXPECT_EQ(generate(R"({"prompt":"a","max_tokens":1000000000000})")->take_requests()[0].tokens_max, 99);
}

TEST_F(CompletionsTest, WholeAnswerIsExact) {
  const auto generation = generate(R"({"prompt":"ab","stop_token_ids":[66]})");
  std::string out;
  feed(*generation, 0, events_of({258, 66}, FinishReason::stop), out);
  EXPECT_EQ(generation->reply().body,
            R"({"id":"cmpl-abc","object":"text_completion","created":1757141666,"model":"org/tiny",)"
            R"("system_fingerprint":"fp","choices":[{"index":0,"text":"Hello","logprobs":null,"finish_reason":"stop",)"
            R"("stop_reason":66}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,)"
            R"("prompt_tokens_details":{"cached_tokens":2}}})");
}

TEST_F(CompletionsTest, StopStringsCountBehindTheLeastNumberOfTokens) {
  const auto generation = generate(R"({"prompt":"ab","stop":"x","min_tokens":2})");
  EXPECT_EQ(generation->take_requests()[0].tokens_min, 2);
  std::string out;
  feed(*generation, 0, events_of(bytes_of("xyxz"), FinishReason::length), out);
  EXPECT_EQ(choice_of(*generation).find("text")->as_string(), "xy");
}

TEST_F(CompletionsTest, StreamIsExact) {
  const auto generation = generate(R"({"prompt":"ab","stream":true})");
  std::string out;
  feed(*generation, 0, events_of({258, 259}, FinishReason::length), out);
  const std::string head =
      R"(data: {"id":"cmpl-abc","object":"text_completion","created":1757141666,"model":"org/tiny",)"
      R"("system_fingerprint":"fp","choices":[{"index":0,"text":)";
  EXPECT_EQ(out, head + R"("Hello","logprobs":null,"finish_reason":null}]})" + "\n\n" + head +
                     R"(" wor","logprobs":null,"finish_reason":null}]})" + "\n\n" + head +
                     R"("","logprobs":null,"finish_reason":"length","stop_reason":null}]})" + "\n\ndata: [DONE]\n\n");
}

TEST_F(CompletionsTest, LogprobsCountCharactersAndKeepBytesApart) {
  const auto generation = generate(R"({"prompt":"ab","logprobs":1})");
  std::vector<Event> events = events_of({0xC3, 0xA9, 258, 259}, FinishReason::length);
  for (Event& event : events) event.logprobs = Logprobs{-0.5f, 2, {{65, -0.25f}, {66, -3.0f}}};
  std::string out;
  feed(*generation, 0, std::move(events), out);
  EXPECT_EQ(to_json(*choice_of(*generation).find("logprobs")),
            R"({"tokens":["bytes:\\xc3","bytes:\\xa9","Hello"," wor"],"token_logprobs":[-0.5,-0.5,-0.5,-0.5],)"
            R"("top_logprobs":[{"A":-0.25,"bytes:\\xc3":-0.5},{"A":-0.25,"bytes:\\xa9":-0.5},{"A":-0.25,"Hello":-0.5},)"
            R"({"A":-0.25," wor":-0.5}],"text_offset":[0,0,1,6]})");
}

TEST_F(CompletionsTest, EchoScoresThePromptAndReturnsNoOutput) {
  const auto generation = generate(R"({"prompt":"éb","echo":true,"logprobs":0,"max_tokens":0})");
  const std::vector<Request> requests = generation->take_requests();
  EXPECT_EQ(requests[0].prompt_logprobs, 0);
  EXPECT_EQ(requests[0].tokens_max, 0);
  Event event;
  event.prompt_tokens = 3;
  event.prompt_logprobs = {Logprobs{-1.0f, 1, {}}, Logprobs{-2.0f, 1, {}}};
  event.finish = FinishReason::length;
  std::string out;
  generation->consume(0, std::move(event), out);
  const Json body = parse_json(generation->reply().body);
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("text")->as_string(), "éb");
  EXPECT_EQ(choice.find("finish_reason")->as_string(), "length");
  EXPECT_EQ(to_json(*choice.find("logprobs")),
            R"({"tokens":["bytes:\\xc3","bytes:\\xa9","b"],"token_logprobs":[null,-1,-2],)"
            R"("top_logprobs":[null,{"bytes:\\xa9":-1},{"b":-2}],"text_offset":[0,0,1]})");
  EXPECT_EQ(body.find("usage")->find("completion_tokens")->as_int(), 0);
}

TEST_F(CompletionsTest, EchoPutsThePromptInFront) {
  const auto generation = generate(R"({"prompt":"ab","echo":true,"logprobs":0,"stop":"b"})");
  EXPECT_EQ(generation->take_requests()[0].prompt_logprobs, 0);
  std::vector<Event> events = events_of({258}, FinishReason::length, 2);
  events[0].logprobs = Logprobs{-9.0f, 1, {}};
  events[0].prompt_logprobs = {Logprobs{-1.0f, 1, {}}};
  std::string out;
  feed(*generation, 0, std::move(events), out);
  const Json choice = choice_of(*generation);
  EXPECT_EQ(choice.find("text")->as_string(), "abHello");  // the stop string is looked for in the output only
  EXPECT_EQ(to_json(*choice.find("logprobs")->find("text_offset")), "[0,1,2]");
  EXPECT_EQ(generate(R"({"prompt":"ab","echo":true})")->take_requests()[0].prompt_logprobs, -1);
}

TEST_F(CompletionsTest, SeveralPromptsAreCountedOnceEach) {
  const auto generation = generate(R"({"prompt":["ab","c"],"n":2})");
  std::string out;
  for (size_t i = 0; i < 4; ++i) {
    feed(*generation, i, events_of({static_cast<TokenId>('w' + i)}, FinishReason::length, i < 2 ? 2 : 1, 1), out);
  }
  ASSERT_TRUE(generation->is_done());
  const Json body = parse_json(generation->reply().body);
  EXPECT_EQ(
      to_json(*body.find("usage")),
      R"({"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":2}})");
  EXPECT_EQ(body.find("choices")->as_array()[3].find("index")->as_int(), 3);
  EXPECT_EQ(body.find("choices")->as_array()[3].find("text")->as_string(), "z");
}

}  // namespace
}  // namespace estoc::api
