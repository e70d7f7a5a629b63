#include "load/target.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "load/completion_request.h"

namespace estoc {
namespace {

void expect_target(const char* text, const char* name, const char* host, int port, const char* prefix) {
  const Target target = parse_target(text);
  EXPECT_EQ(target.name, name) << text;
  EXPECT_EQ(target.server.host, host) << text;
  EXPECT_EQ(target.server.port, port) << text;
  EXPECT_EQ(target.prefix, prefix) << text;
}

TEST(Target, reads_addresses) {
  expect_target("http://127.0.0.1:8000", "127.0.0.1:8000", "127.0.0.1", 8000, "");
  expect_target("a b=http://host/", "a b", "host", 80, "");
  expect_target("vllm=http://host:1/v1/", "vllm", "host", 1, "");
  expect_target("http://host/proxy/v1", "host:80", "host", 80, "/proxy");
  expect_target("six=http://[::1]:8000", "six", "::1", 8000, "");
  EXPECT_EQ(parse_target("http://[::1]:8000").server.authority(), "[::1]:8000");
}

TEST(Target, refuses_what_is_none) {
  for (const char* text :
       {"", "127.0.0.1:8000", "https://host", "http://", "http://host:0", "http://host:99999", "http://host:8a",
        "http://:80", "vllm http://host", "http://a@host", "http://host?x", "http://ho st"}) {
    try {
      parse_target(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(std::string(error.what()).find("--url: '"), 0u);
    }
  }
}

TEST(Target, tells_when_nobody_listens) {
  Target target = parse_target("name=http://127.0.0.1:1");
  try {
    find_address(target);
    FAIL() << "somebody listens on port 1";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_STREQ(error.what(), "name: cannot connect to 127.0.0.1:1: Connection refused");
  }
}

TEST(CompletionRequest, chat_body) {
  const RequestOptions options{.model = "m", .extra = parse_json(R"({"priority":1,"temperature":0.5})")};
  EXPECT_EQ(completion_body(options, {{"system", "s"}, {"user", "say \"hi\""}}, 7),
            R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"say \"hi\""}],)"
            R"("max_tokens":7,"temperature":0.5,"ignore_eos":true,"stream":true,)"
            R"("stream_options":{"include_usage":true},"priority":1})");
}

TEST(CompletionRequest, text_body) {
  const RequestOptions options{.api = CompletionApi::text, .model = "m", .ignores_eos = false};
  EXPECT_EQ(completion_body(options, {{"system", "s"}, {"user", "u"}}, 7),
            R"({"model":"m","prompt":"s\n\nu","max_tokens":7,"temperature":0,"stream":true,)"
            R"("stream_options":{"include_usage":true}})");
}

TEST(CompletionRequest, bytes) {
  EXPECT_EQ(http_request("h:1", "/x", "", ""),
            "GET /x HTTP/1.1\r\nhost: h:1\r\nuser-agent: estoc-bench\r\naccept: */*\r\n\r\n");
  const std::string post = http_request("h:1", "/x", "secret", "{}");
  EXPECT_EQ(post.substr(0, 17), "POST /x HTTP/1.1\r");
  EXPECT_NE(post.find("\r\nauthorization: Bearer secret\r\n"), std::string::npos);
  EXPECT_NE(post.find("\r\ncontent-length: 2\r\n\r\n{}"), std::string::npos);
}

}  // namespace
}  // namespace estoc
