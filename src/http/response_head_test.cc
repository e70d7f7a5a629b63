#include "http/response_head.h"

#include <gtest/gtest.h>

namespace estoc::http {
namespace {

TEST(ResponseHead, states_its_framing) {
  const std::string length = response_head(404, {{"a", "b"}}, {.content_bytes = 12});
  EXPECT_EQ(length.substr(0, 24), "HTTP/1.1 404 Not Found\r\n");
  EXPECT_NE(length.find("\r\na: b\r\n"), std::string::npos);
  EXPECT_NE(length.find("\r\ncontent-length: 12\r\n"), std::string::npos);
  EXPECT_EQ(length.find("connection"), std::string::npos);
  EXPECT_NE(response_head(101, {{"upgrade", "x"}}, {.is_upgrade = true}).find("upgrade: x\r\nconnection: upgrade\r\n"),
            std::string::npos);
  const std::string chunked = response_head(200, {}, {.is_chunked = true, .keeps_alive = false});
  EXPECT_NE(chunked.find("\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"), std::string::npos);
}

TEST(ResponseHead, lets_no_value_forge_a_header) {
  const std::string head = response_head(200, {{"a", "x\r\nset-cookie: y"}, {"b\r\nc", "z"}, {"", "e"}}, {});
  EXPECT_NE(head.find("a: x  set-cookie: y\r\n"), std::string::npos);
  EXPECT_EQ(head.find("\r\nset-cookie"), std::string::npos);
  EXPECT_EQ(head.find("z"), std::string::npos);
}

TEST(ResponseHead, takes_every_character_that_a_name_may_have_and_no_other) {
  // The token of RFC 9110, section 5.6.2.
  const std::string may = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int code = 0; code < 256; ++code) {
    const std::string name = std::string("n") + static_cast<char>(code);
    const std::string head = response_head(200, {{name, "value"}}, {});
    EXPECT_EQ(head.find(": value\r\n") != std::string::npos, may.find(name[1]) != std::string::npos) << code;
  }
}

TEST(ResponseHead, keeps_framing_headers_to_itself) {
  const std::string answer =
      whole_response({200, {{"Content-Length", "99"}, {"Transfer-Encoding", "chunked"}}, "abc"}, false, true);
  EXPECT_EQ(answer.find("99"), std::string::npos);
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_NE(answer.find("content-length: 3\r\n\r\nabc"), std::string::npos);
}

TEST(ResponseHead, leaves_out_the_body_where_there_is_none) {
  const std::string none = whole_response({204, {}, "abc"}, false, true);
  EXPECT_EQ(none.find("content-length"), std::string::npos);
  EXPECT_EQ(none.find("abc"), std::string::npos);
  const std::string head = whole_response({200, {}, "abc"}, true, true);
  EXPECT_NE(head.find("content-length: 3"), std::string::npos);
  EXPECT_EQ(head.find("abc"), std::string::npos);
}

}  // namespace
}  // namespace estoc::http
