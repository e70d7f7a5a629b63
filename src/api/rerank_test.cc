#include <gtest/gtest.h>

#include <algorithm>

#include "api/test_fake_encoder_model.h"
#include "base/json.h"

namespace estoc::api {
namespace {

const auto kScore = EncoderInfo::Task::score;

TEST(RerankTest, TheBestComesFirst) {
  FakeEncoderModel model(1, kScore);
  const std::string body = R"({"query":"q","documents":["a","b",{"text":"c"}],"model":"org/tiny")";
  EXPECT_EQ(model.ask(rerank, body + "}", {0, 2, -1}).body,
            R"({"id":"rerank-abc","model":"org/tiny","usage":{"prompt_tokens":6,"total_tokens":6},"results":[)"
            R"({"index":1,"document":{"text":"b"},"relevance_score":0.8807971},)"
            R"({"index":0,"document":{"text":"a"},"relevance_score":0.5},)"
            R"({"index":2,"document":{"text":"c"},"relevance_score":0.26894143}]})");
  EXPECT_EQ(model.job.tokens, (std::vector<TokenId>{'q', 'a', 'q', 'b', 'q', 'c'}));
  EXPECT_EQ(model.job.segments, (std::vector<uint8_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(model.job.lengths, (std::vector<int>{2, 2, 2}));
  EXPECT_EQ(model.ask(rerank, body + R"(,"top_n":1,"return_documents":false,"use_activation":false})", {0, 2, -1}).body,
            R"({"id":"rerank-abc","model":"org/tiny","usage":{"prompt_tokens":6,"total_tokens":6},)"
            R"("results":[{"index":1,"relevance_score":2}]})");
  // Equal ones stay in their order, and more than all are all.
  const Json all = parse_json(model.ask(rerank, body + R"(,"top_n":9})", {1, 1, 1}).body);
  ASSERT_EQ(all.find("results")->as_array().size(), 3u);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all.find("results")->as_array()[static_cast<size_t>(i)].find("index")->as_int(), i);
  }
}

TEST(RerankTest, WhoSendsTextsIsAnsweredAsTeiDoes) {
  FakeEncoderModel model(1, kScore);
  const std::string body = R"({"query":"q","texts":["a","b"])";
  EXPECT_EQ(model.ask(rerank, body + "}", {0, 2}).body, R"([{"index":1,"score":0.8807971},{"index":0,"score":0.5}])");
  EXPECT_EQ(model.ask(rerank, body + R"(,"raw_scores":true,"return_text":true})", {0, 2}).body,
            R"([{"index":1,"text":"b","score":2},{"index":0,"text":"a","score":0}])");
}

TEST(RerankTest, VectorsAreComparedByTheirAngle) {
  FakeEncoderModel model(2);
  const Json answer =
      parse_json(model.ask(rerank, R"({"query":"q","documents":["a","b","c"]})", {3, 4, 4, -3, 0.3F, 0.4F, 0, 0}).body);
  EXPECT_EQ(model.job.lengths.size(), 4u);
  EXPECT_TRUE(model.job.segments.empty());
  const Json::Array& results = answer.find("results")->as_array();
  EXPECT_EQ(results[0].find("index")->as_int(), 1);
  EXPECT_NEAR(results[0].find("relevance_score")->as_double(), 1, 1e-6);
  EXPECT_EQ(results[1].find("relevance_score")->as_double(), 0);
  EXPECT_EQ(results[2].find("relevance_score")->as_double(), 0);  // of no length
}

TEST(RerankTest, PairsAreCutWhereThatIsAsked) {
  FakeEncoderModel model(1, kScore);
  const std::string body = R"({"query":"0123456789","documents":["a",")" + std::string(60, 'b') + "\"]";
  EXPECT_EQ(refusal_of(model.ask(rerank, body + "}")),
            "documents[1] | documents[1]: the text has 70 tokens, and the model reads at most 50");
  EXPECT_EQ(model.ask(rerank, body + R"(,"truncate":true})").status, 200);
  EXPECT_EQ(model.job.lengths, (std::vector<int>{11, 50}));
  EXPECT_EQ(std::ranges::count(model.job.segments, 0), 20);  // the question is whole
}

TEST(RerankTest, BadFieldsAreNamed) {
  FakeEncoderModel model(1, kScore);
  const auto refused = [&](const std::string& fields) { return refusal_of(model.ask(rerank, "{" + fields + "}")); };
  EXPECT_EQ(refused(R"("documents":["a"])"), "query | query: missing");
  EXPECT_EQ(refused(R"("query":"q")"), "documents | documents: missing");
  EXPECT_EQ(refused(R"("query":"q","documents":[])"), "documents | documents: expected at least one text");
  EXPECT_EQ(refused(R"("query":"q","documents":"a")"), "documents | documents: expected an array, got string");
  EXPECT_EQ(refused(R"("query":"q","texts":[])"), "texts | texts: expected at least one text");
  EXPECT_EQ(refused(R"("query":5,"documents":["a"])"),
            "query | query: expected a string or an object with text, got integer");
  EXPECT_EQ(refused(R"("query":"q","documents":["a",7])"),
            "documents[1] | documents[1]: expected a string or an object with text, got integer");
  EXPECT_EQ(refused(R"("query":"q","documents":[{"image":"x"}])"),
            "documents[0].text | documents[0].text: expected a string");
  EXPECT_EQ(refused(R"("query":"q","documents":["a"],"top_n":-1)"),
            "top_n | top_n: expected an integer of at least 0, got -1");
  EXPECT_EQ(refused(R"("query":"q","documents":["a"],"max_tokens_per_doc":10)"),
            "max_tokens_per_doc | max_tokens_per_doc: not supported");
  FakeEncoderModel many(3, kScore);
  EXPECT_EQ(refusal_of(many.ask(rerank, R"({"query":"q","documents":["a"]})")),
            "model | model \"org/tiny\" has 3 labels; a score is made of one only");
}

TEST(ScoreTest, OneWithOneAndOneWithMany) {
  FakeEncoderModel model(1, kScore);
  EXPECT_EQ(model.ask(score, R"({"text_1":"a","text_2":"b","model":"org/tiny"})", {0}).body,
            R"({"id":"score-abc","object":"list","created":1757141666,"model":"org/tiny",)"
            R"("data":[{"index":0,"object":"score","score":0.5}],)"
            R"("usage":{"prompt_tokens":2,"total_tokens":2,"completion_tokens":0}})");
  model.ask(score, R"({"text_1":"a","text_2":["b","c"]})");
  EXPECT_EQ(model.job.tokens, (std::vector<TokenId>{'a', 'b', 'a', 'c'}));
  model.ask(score, R"({"text_1":["a","d"],"text_2":["b","c"]})");
  EXPECT_EQ(model.job.tokens, (std::vector<TokenId>{'a', 'b', 'd', 'c'}));
  FakeEncoderModel vectors(2);
  const Json answer =
      parse_json(vectors.ask(score, R"({"text_1":["a","d"],"text_2":["b","c"]})", {1, 0, 0, 1, 1, 0, 0, -1}).body);
  EXPECT_EQ(answer.find("data")->as_array()[0].find("score")->as_double(), 1);
  EXPECT_EQ(answer.find("data")->as_array()[1].find("score")->as_double(), -1);
}

TEST(ScoreTest, BadFieldsAreNamed) {
  FakeEncoderModel model(1, kScore);
  const auto refused = [&](const std::string& fields) { return refusal_of(model.ask(score, "{" + fields + "}")); };
  EXPECT_EQ(refused(R"("text_2":"a")"), "text_1 | text_1: missing");
  EXPECT_EQ(refused(R"("text_1":"a")"), "text_2 | text_2: missing");
  EXPECT_EQ(refused(R"("text_1":[],"text_2":"a")"), "text_1 | text_1: expected at least one text");
  EXPECT_EQ(refused(R"("text_1":["a","b"],"text_2":["a","b","c"])"),
            "text_1 | text_1: expected one text or as many as text_2 has (3), got 2");
  EXPECT_EQ(refused(R"("text_1":["a",null],"text_2":"b")"),
            "text_1[1] | text_1[1]: expected a string or an object with text, got null");
}

}  // namespace
}  // namespace estoc::api
