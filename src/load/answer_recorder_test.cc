// What event streams of different servers leave in a record.
#include "load/answer_recorder.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

std::string event(const std::string& json) { return "data: " + json + "\n\n"; }
std::string delta(const std::string& json) { return event(R"({"choices":[{"index":0,"delta":)" + json + "}]}"); }
const std::string kFinish = event(R"({"choices":[{"delta":{},"finish_reason":"length"}]})");
const std::string kDone = "data: [DONE]\n\n";

TEST(AnswerRecorder, times_of_a_chat_stream) {
  AnswerRecorder recorder({.category = "short", .turn = 2, .scheduled_s = 1, .sent_s = 1.5});
  recorder.on_body(200, delta(R"({"role":"assistant"})"), 2);
  recorder.on_body(200, delta(R"({"role":"assistant","content":""})"), 3);
  recorder.on_body(200, delta(R"({"content":"Hel"})"), 4);
  recorder.on_body(200, delta(R"({"content":"lo"})"), 4.25);
  recorder.on_body(200, delta(R"({"content":"!"})").substr(0, 20), 4.5);
  recorder.on_body(200, delta(R"({"content":"!"})").substr(20), 4.75);
  recorder.on_body(200, kFinish, 5);
  recorder.on_body(
      200,
      event(
          R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}})"),
      5.5);
  recorder.on_body(200, kDone, 6);
  recorder.on_end(200, "", 7);
  const RequestRecord& record = recorder.record();
  EXPECT_TRUE(record.is_ok()) << record.error;
  EXPECT_EQ(record.category, "short");
  EXPECT_EQ(record.turn, 2);
  EXPECT_EQ(record.scheduled_s, 1);
  EXPECT_EQ(record.sent_s, 1.5);
  EXPECT_EQ(record.first_s, 4);
  EXPECT_EQ(record.gaps_s, (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(record.end_s, 6);
  EXPECT_EQ(record.prompt_tokens, 9);
  EXPECT_EQ(record.cached_tokens, 4);
  EXPECT_EQ(record.output_tokens, 5);
  EXPECT_EQ(recorder.text(), "Hello!");
}

TEST(AnswerRecorder, a_completion_stream_without_usage_counts_chunks) {
  AnswerRecorder recorder({});
  recorder.on_body(200, event(R"({"choices":[{"text":"a"}],"usage":null})") + event(R"({"choices":[{"text":" b"}]})"),
                   1);
  recorder.on_body(200, event(R"({"choices":[{"text":"","finish_reason":"stop"}]})") + kDone, 2);
  recorder.on_end(200, "", 2);
  EXPECT_TRUE(recorder.record().is_ok());
  EXPECT_EQ(recorder.record().output_tokens, 2);
  EXPECT_EQ(recorder.record().gaps_s, (std::vector<double>{0}));
  EXPECT_EQ(recorder.text(), "a b");
}

TEST(AnswerRecorder, reasoning_and_tool_calls_are_tokens_but_no_text) {
  AnswerRecorder recorder({});
  recorder.on_body(200, delta(R"({"content":null,"reasoning_content":"hm"})"), 1);
  recorder.on_body(200, delta(R"({"reasoning":"so"})"), 2);
  recorder.on_body(200, delta(R"({"tool_calls":[{"index":0}]})"), 4);
  recorder.on_body(200, delta(R"({"content":"yes"})") + kFinish, 5);
  recorder.on_end(200, "", 6);
  EXPECT_TRUE(recorder.record().is_ok()) << "finished, if without [DONE]";
  EXPECT_EQ(recorder.record().first_s, 1);
  EXPECT_EQ(recorder.record().gaps_s, (std::vector<double>{1, 2, 1}));
  EXPECT_EQ(recorder.text(), "yes");
}

TEST(AnswerRecorder, nothing_counts_behind_done) {
  AnswerRecorder recorder({});
  recorder.on_body(200, delta(R"({"content":"a"})") + kDone + delta(R"({"content":"b"})") + event("garbage"), 1);
  recorder.on_end(200, "the connection ended before the answer did", 2);
  EXPECT_TRUE(recorder.record().is_ok());
  EXPECT_EQ(recorder.text(), "a");
  EXPECT_EQ(recorder.record().end_s, 1);
}

std::string error_of(int status, const std::string& body, const std::string& http_error = {}) {
  AnswerRecorder recorder({});
  if (!body.empty()) recorder.on_body(status, body, 1);
  recorder.on_end(status, http_error, 2);
  EXPECT_FALSE(recorder.record().is_ok());
  EXPECT_EQ(recorder.record().status, status);
  return recorder.record().error;
}

TEST(AnswerRecorder, errors_are_told_as_the_server_did) {
  EXPECT_EQ(error_of(429, R"({"error":{"message":"the queue is full","code":429}})"), "the queue is full");
  EXPECT_EQ(error_of(400, R"({"error":"bad"})"), "bad");
  EXPECT_EQ(error_of(404, R"({"message":"no such model"})"), "no such model");
  EXPECT_EQ(error_of(502, "<html>"), "<html>");
  EXPECT_EQ(error_of(500, ""), "no reason given");
  EXPECT_EQ(error_of(500, std::string(1 << 20, 'x')).size(), 300u);
  EXPECT_EQ(error_of(0, "", "cannot connect: Connection refused"), "cannot connect: Connection refused");
  EXPECT_EQ(error_of(200, delta(R"({"content":"a"})") + event(R"({"error":{"message":"lost"}})") + kDone), "lost");
  EXPECT_EQ(error_of(200, delta(R"({"content":"a"})"), "timed out"), "timed out");
  EXPECT_EQ(error_of(200, delta(R"({"content":"a"})")), "the event stream ended without [DONE]");
  EXPECT_EQ(error_of(200, R"({"choices":[]})"), "the event stream ended without [DONE]");
  EXPECT_NE(error_of(200, event("{oops") + kDone).find("an event of the answer is broken"), std::string::npos);
}

TEST(AnswerRecorder, odd_types_are_no_crash) {
  for (const char* json : {"1", "[]", "null", R"({"choices":1})", R"({"choices":[1,{"delta":2},{"text":3}]})",
                           R"({"usage":{"prompt_tokens":-5,"completion_tokens":1e300,"prompt_tokens_details":null}})",
                           R"({"usage":{"prompt_tokens":99999999999}})"}) {
    AnswerRecorder recorder({});
    recorder.on_body(200, event(json) + kDone, 1);
    recorder.on_end(200, "", 1);
    EXPECT_TRUE(recorder.record().is_ok()) << json;
    EXPECT_EQ(recorder.record().first_s, -1);
    EXPECT_GE(recorder.record().prompt_tokens, 0);
  }
}

}  // namespace
}  // namespace estoc
