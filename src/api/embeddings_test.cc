#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "api/test_fake_encoder_model.h"
#include "base/json.h"
#include "tokenizer/base64.h"

namespace estoc::api {
namespace {

using Ids = std::vector<TokenId>;

std::vector<std::vector<double>> vectors_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 200) << reply.body;
  const Json body = parse_json(reply.body);
  std::vector<std::vector<double>> vectors;
  for (const Json& item : body.find("data")->as_array()) {
    EXPECT_EQ(item.find("object")->as_string(), "embedding");
    EXPECT_EQ(item.find("index")->as_int(), static_cast<int64_t>(vectors.size()));
    vectors.emplace_back();
    for (const Json& value : item.find("embedding")->as_array()) vectors.back().push_back(value.as_double());
  }
  return vectors;
}

TEST(EmbeddingsTest, TheWholeAnswer) {
  FakeEncoderModel model(2);
  EXPECT_EQ(model.ask(embeddings, R"({"input":"abc","model":"org/tiny"})", {0.5, -0.1F}).body,
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.1]}],"model":"org/tiny",)"
            R"("usage":{"prompt_tokens":3,"total_tokens":3}})");
  EXPECT_EQ(
      model.ask(embeddings, R"({"input":"abc","encoding_format":"base64"})", {0.5, -2}).body,
      R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAAPwAAAMA="}],"model":"org/tiny",)"
      R"("usage":{"prompt_tokens":3,"total_tokens":3}})");
}

TEST(EmbeddingsTest, EveryFormOfInput) {
  FakeEncoderModel model;
  const auto job_of = [&](const std::string& input) {
    EXPECT_EQ(model.ask(embeddings, R"({"input":)" + input + "}").status, 200);
    return model.job;
  };
  EXPECT_EQ(job_of(R"("ab")").tokens, (Ids{'a', 'b'}));
  EXPECT_EQ(job_of(R"([5,6,7])").tokens, (Ids{5, 6, 7}));
  EXPECT_EQ(job_of(R"([5,6,7])").lengths, (std::vector<int>{3}));
  EXPECT_EQ(job_of(R"(["ab","c"])").lengths, (std::vector<int>{2, 1}));
  EXPECT_EQ(job_of(R"(["ab","c"])").tokens, (Ids{'a', 'b', 'c'}));
  EXPECT_EQ(job_of(R"([[5,6],[7]])").lengths, (std::vector<int>{2, 1}));
  EXPECT_EQ(job_of(R"([[5,6],"a"])").tokens, (Ids{5, 6, 'a'}));
  EXPECT_TRUE(model.job.segments.empty());
}

TEST(EmbeddingsTest, TextsGetWhatBelongsAroundThemAndIdsDoNot) {
  FakeEncoderModel model;
  model.model.tokenizer.has_bos = model.model.tokenizer.has_eos = true;
  model.ask(embeddings, R"({"input":["a",[5]]})");
  EXPECT_EQ(model.job.tokens, (Ids{256, 'a', 257, 5}));
  model.ask(embeddings, R"({"input":"a","add_special_tokens":false})");
  EXPECT_EQ(model.job.tokens, (Ids{'a'}));
  model.ask(embeddings, R"({"input":""})");
  EXPECT_EQ(model.job.tokens, (Ids{256, 257}));
}

TEST(EmbeddingsTest, DimensionsCutAndKeepTheLength) {
  FakeEncoderModel model;
  const std::vector<float> results = {0.6F, 0, 0.8F, 0};
  EXPECT_EQ(vectors_of(model.ask(embeddings, R"({"input":"a","dimensions":4})", results))[0][2], 0.8);
  // What was not of length 1 stays as it is.
  EXPECT_EQ(vectors_of(model.ask(embeddings, R"({"input":"a","dimensions":2})", results))[0],
            (std::vector<double>{0.6, 0}));
  FakeEncoder unit;
  unit.info().is_normalized = true;
  EncodingEngine engine(unit, {});
  model.model.served.encoder = &engine;
  EXPECT_EQ(vectors_of(model.ask(embeddings, R"({"input":"a","dimensions":2})", results))[0],
            (std::vector<double>{1, 0}));
  EXPECT_EQ(vectors_of(model.ask(embeddings, R"({"input":"a","dimensions":3})", results))[0].size(), 3u);
  EXPECT_EQ(vectors_of(model.ask(embeddings, R"({"input":"a","dimensions":1})", {0, 1, 0, 0}))[0],
            (std::vector<double>{0}));
}

TEST(EmbeddingsTest, Base64IsTheSameNumbers) {
  FakeEncoderModel model(5);
  const std::string body = R"({"input":["one","two"],"encoding_format":)";
  const auto floats = vectors_of(model.ask(embeddings, body + R"("float"})"));
  const Json answer = parse_json(model.ask(embeddings, body + R"("base64"})").body);
  for (size_t i = 0; i < 2; ++i) {
    const std::string bytes = *bytes_of_base64(answer.find("data")->as_array()[i].find("embedding")->as_string());
    std::vector<float> values(5);
    ASSERT_EQ(bytes.size(), 20u);
    std::memcpy(values.data(), bytes.data(), 20);
    for (size_t j = 0; j < 5; ++j) EXPECT_EQ(values[j], static_cast<float>(floats[i][j]));
  }
}

TEST(EmbeddingsTest, LongTextsAreRefusedOrCut) {
  FakeEncoderModel model;
  const std::string text = std::string(30, 'a') + std::string(30, 'b');
  const auto ask = [&](const std::string& fields) {
    return model.ask(embeddings, R"({"input":["x",")" + text + "\"]" + fields + "}");
  };
  EXPECT_EQ(refusal_of(ask("")), "input[1] | input[1]: the text has 60 tokens, and the model reads at most 50");
  EXPECT_EQ(*parse_json(ask("").body).find("error")->find("code"), Json("context_length_exceeded"));
  EXPECT_EQ(refusal_of(ask(R"(,"truncate":"NONE")")).substr(0, 8), "input[1]");
  const auto counts = [&](const std::string& fields) {
    EXPECT_EQ(ask(fields).status, 200) << fields;
    const auto& tokens = model.job.tokens;
    return std::pair(std::ranges::count(tokens, 'a'), std::ranges::count(tokens, 'b'));
  };
  using Counts = std::pair<std::ptrdiff_t, std::ptrdiff_t>;
  for (const char* fields : {R"(,"truncate_prompt_tokens":-1)", R"(,"truncate":true)", R"(,"truncate":"END")",
                             R"(,"truncate":true,"truncation_direction":"Right")"}) {
    EXPECT_EQ(counts(fields), Counts(30, 20));
  }
  for (const char* fields : {R"(,"truncate_prompt_tokens":-1,"truncation_side":"left")", R"(,"truncate":"START")",
                             R"(,"truncate":true,"truncation_direction":"Left")"}) {
    EXPECT_EQ(counts(fields), Counts(20, 30));
  }
  EXPECT_EQ(counts(R"(,"truncate_prompt_tokens":7)"), Counts(7, 0));
  model.ask(embeddings, R"({"input":[[1,2,3],[4]],"truncate_prompt_tokens":2})");
  EXPECT_EQ(model.job.tokens, (Ids{1, 2, 4}));
  model.ask(embeddings, R"({"input":[1,2,3],"truncate_prompt_tokens":2,"truncation_side":"left"})");
  EXPECT_EQ(model.job.tokens, (Ids{2, 3}));
}

TEST(EmbeddingsTest, ABookIsCutBeforeItIsRead) {
  FakeEncoderModel model;
  std::string book;
  for (int i = 0; i < 100000; ++i) book += "ä";
  EXPECT_EQ(refusal_of(model.ask(embeddings, R"({"input":")" + book + "\"}")),
            "input | input: the text has 200000 bytes, but the context of 50 tokens holds at most 200");
  EXPECT_EQ(model.ask(embeddings, R"({"input":")" + book + R"(","truncate":true})").status, 200);
  EXPECT_EQ(model.job.tokens.size(), 50u);
  EXPECT_EQ(model.job.tokens.front(), 0xC3);
  EXPECT_EQ(model.ask(embeddings, R"({"input":")" + book + R"(","truncate":"START"})").status, 200);
  EXPECT_EQ(model.job.tokens.back(), 0xA4);
}

TEST(EmbeddingsTest, BadFieldsAreNamed) {
  FakeEncoderModel model;
  const auto refused = [&](const std::string& fields) { return refusal_of(model.ask(embeddings, "{" + fields + "}")); };
  EXPECT_EQ(refused(""), "input | input: missing");
  EXPECT_EQ(refused(R"("input":5)"), "input | input: expected a string or an array, got integer");
  EXPECT_EQ(refused(R"("input":[])"), "input | input: expected at least one text");
  EXPECT_EQ(refused(R"("input":"")"), "input | input: the text has no tokens");
  EXPECT_EQ(refused(R"("input":["a",""])"), "input[1] | input[1]: the text has no tokens");
  EXPECT_EQ(refused(R"("input":["a",{}])"),
            "input[1] | input[1]: expected a string or an array of token ids, got object");
  EXPECT_EQ(refused(R"("input":[[5,300]])"), "input[0][1] | input[0][1]: expected a token id from 0 to 299, got 300");
  EXPECT_EQ(refused(R"("input":[5,-1])"), "input[1] | input[1]: expected a token id from 0 to 299, got -1");
  EXPECT_EQ(refused(R"("input":[5,"a"])"), "input[1] | input[1]: expected a token id from 0 to 299, got string");
  EXPECT_EQ(refused(R"("input":"a","dimensions":5)"),
            "dimensions | dimensions: expected an integer from 1 to 4, got 5");
  EXPECT_EQ(refused(R"("input":"a","dimensions":0)"),
            "dimensions | dimensions: expected an integer from 1 to 4, got 0");
  EXPECT_EQ(refused(R"("input":"a","encoding_format":"hex")"),
            "encoding_format | encoding_format: expected \"float\" or \"base64\", got \"hex\"");
  EXPECT_EQ(refused(R"("input":"a","truncate_prompt_tokens":51)"),
            "truncate_prompt_tokens | truncate_prompt_tokens: expected an integer from -1 to 50, got 51");
  EXPECT_EQ(refused(R"("input":"a","truncate_prompt_tokens":0)"),
            "truncate_prompt_tokens | truncate_prompt_tokens: expected at least 1, or -1 for what the model reads");
  EXPECT_EQ(refused(R"("input":"a","truncation_side":"up")"),
            "truncation_side | truncation_side: expected \"left\" or \"right\", got \"up\"");
  EXPECT_EQ(refused(R"("input":"a","truncate":"MIDDLE")"),
            "truncate | truncate: expected a boolean, \"NONE\", \"START\" or \"END\"");
  EXPECT_EQ(refused(R"("input":"a","input_type":"query")"), "input_type | input_type: not supported");
  EXPECT_EQ(refused(R"("input":"a","timeout":0)"), "timeout | timeout: expected more than 0 seconds");
  std::string many = R"("input":["a")";
  for (size_t i = 0; i < limits::kTextsMax; ++i) many += R"(,"a")";
  EXPECT_EQ(refused(many + "]"), "input | input: expected at most 2048 texts, got 2049");
}

TEST(EmbeddingsTest, HowARequestStandsAmongOthersReachesTheEngine) {
  FakeEncoderModel model;
  model.ask(embeddings, R"({"input":"a","priority":3,"user":"ann","timeout":1.5,"encoding_format":null})");
  EXPECT_EQ(model.job.priority, 3);
  EXPECT_EQ(model.job.client, "user:ann");
  EXPECT_EQ(model.job.timeout.count(), 1500);
}

TEST(EmbeddingsTest, OneAnswerHasNoMoreNumbersThanItMay) {
  FakeEncoderModel model(4096);
  std::string many = R"({"input":["a")";
  for (int i = 0; i < 1024; ++i) many += R"(,"a")";
  EXPECT_EQ(refusal_of(model.ask(embeddings, many + "]}")),
            "input | input: 1025 texts of 4096 numbers each are more than one answer may have (4194304)");
}

TEST(EncodingTest, OutcomesAreTold) {
  FakeEncoderModel model;
  const std::string body = R"({"input":"a"})";
  const Answer answer = embeddings(model.model.models(), call_with(body));
  const Encoding& encoding = *std::get<std::unique_ptr<Encoding>>(answer);
  using End = EncodeOutcome::End;
  const Reply failed = encoding.reply({.end = End::failed, .error = "no numbers"});
  EXPECT_EQ(failed.status, 500);
  EXPECT_NE(failed.body.find("no numbers"), std::string::npos);
  EXPECT_EQ(encoding.reply({.end = End::cancelled}).status, 503);
  EXPECT_EQ(encoding.reply({.end = End::timeout, .error = "late"}).status, 504);
  const Reply queued = encoding.reply({.end = End::timeout, .error = "late", .retry_after_s = 7});
  EXPECT_EQ(queued.status, 503);
  EXPECT_EQ(queued.headers.at(0).second, "7");
}

TEST(PickModelTest, ModelsAreAskedForWhatTheyDo) {
  FakeModel generator;
  FakeEncoderModel embedder, scorer(1, EncoderInfo::Task::score);
  embedder.model.served.name = "vectors";
  scorer.model.served.name = "scores";
  const Models all({generator.served, embedder.model.served, scorer.model.served});
  const auto model_of = [&](EndpointHandler endpoint, const std::string& body) {
    const Answer answer = endpoint(all, call_with(body));
    if (const auto* encoding = std::get_if<std::unique_ptr<Encoding>>(&answer)) return (*encoding)->model().name;
    return std::get<std::unique_ptr<Generation>>(answer)->model().name;
  };
  const std::string text = R"({"input":"a")", pair = R"({"text_1":"a","text_2":"b")";
  EXPECT_EQ(model_of(embeddings, text + "}"), "vectors");
  EXPECT_EQ(model_of(score, pair + "}"), "scores");
  EXPECT_EQ(model_of(score, pair + R"(,"model":"vectors"})"), "vectors");
  EXPECT_EQ(model_of(completions, R"({"prompt":"a"})"), "org/tiny");
  const auto refused = [](const Models& models, EndpointHandler endpoint, const std::string& body) {
    try {
      endpoint(models, call_with(body));
    } catch (const ApiError& error) {
      EXPECT_EQ(error.api_code(), "model_not_supported");
      EXPECT_EQ(error.param(), "model");
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused(all, completions, R"({"prompt":"a","model":"vectors"})"),
            "model \"vectors\" cannot generate text; it makes vectors of texts: ask /v1/embeddings, /v1/rerank or "
            "/v1/score");
  EXPECT_EQ(refused(all, chat_completions, R"({"messages":[],"model":"scores"})"),
            "model \"scores\" cannot generate text; it scores pairs of texts: ask /v1/rerank or /v1/score");
  EXPECT_EQ(refused(all, embeddings, text + R"(,"model":"scores"})"),
            "model \"scores\" cannot make vectors of texts; it scores pairs of texts: ask /v1/rerank or /v1/score");
  EXPECT_EQ(refused(all, score, pair + R"(,"model":"org/tiny"})"),
            "model \"org/tiny\" cannot compare texts; it generates text: ask /v1/chat/completions or /v1/completions");
  EXPECT_EQ(refused(generator.models(), embeddings, text + "}"),
            "no model served here can make vectors of texts; \"org/tiny\" generates text: ask /v1/chat/completions or "
            "/v1/completions");
}

TEST(PickModelTest, CardsSayWhatModelsDo) {
  FakeEncoderModel model;
  const Json card =
      parse_json(std::get<Reply>(list_models(model.model.models(), call_with(""))).body).find("data")->as_array()[0];
  EXPECT_EQ(card.find("task")->as_string(), "embed");
  EXPECT_EQ(card.find("dimensions")->as_int(), 4);
  EXPECT_EQ(card.find("max_model_len")->as_int(), 50);
}

}  // namespace
}  // namespace estoc::api
