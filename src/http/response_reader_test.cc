// Answers in one piece, byte by byte and cut in two everywhere must be read alike.
#include "http/response_reader.h"

#include <gtest/gtest.h>

namespace estoc::http {
namespace {

using State = ResponseReader::State;

struct Read {
  State state = State::head;
  int status = 0;
  std::string body, error;
  bool keeps_alive = false;
  double retry_after_s = 0;
  bool operator==(const Read&) const = default;
};

Read read_cut_at(std::string_view bytes, size_t cut, bool then_closes) {
  ResponseReader reader;
  Read read;
  reader.feed(bytes.substr(0, cut), read.body);
  reader.feed(bytes.substr(cut), read.body);
  if (then_closes && reader.state() != State::done) reader.end();
  read.state = reader.state();
  read.status = reader.status();
  read.error = reader.error();
  read.keeps_alive = reader.keeps_alive();
  read.retry_after_s = reader.retry_after_s();
  return read;
}

Read read_everywhere(std::string_view bytes, bool then_closes = false) {
  const Read whole = read_cut_at(bytes, 0, then_closes);
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(read_cut_at(bytes, cut, then_closes), whole) << "cut at " << cut;
  }
  return whole;
}

TEST(ResponseReader, a_sized_body) {
  const Read read = read_everywhere("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, "hello");
  EXPECT_TRUE(read.keeps_alive);
}

TEST(ResponseReader, chunks_with_extensions_and_trailers) {
  const Read read = read_everywhere(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nx: y\r\n\r\n");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.body, "abc0123456789");
  EXPECT_TRUE(read.keeps_alive);
}

TEST(ResponseReader, a_body_until_the_end_of_the_connection) {
  const Read read = read_everywhere("HTTP/1.0 200 OK\r\n\r\nall of it", true);
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.body, "all of it");
  EXPECT_FALSE(read.keeps_alive);
}

TEST(ResponseReader, interim_answers_are_skipped) {
  const Read read = read_everywhere(
      "HTTP/1.1 100 Continue\r\ncontent-length: 9\r\n\r\nHTTP/1.1 429 Too Many\r\nretry-after: 7\r\nconnection: "
      "close\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_EQ(read.status, 429);
  EXPECT_EQ(read.body, "no");
  EXPECT_EQ(read.retry_after_s, 7);
  EXPECT_FALSE(read.keeps_alive);
}

TEST(ResponseReader, no_body_at_all) {
  EXPECT_EQ(read_everywhere("HTTP/1.1 204 No Content\r\n\r\n").state, State::done);
  EXPECT_EQ(read_everywhere("HTTP/1.1 200 OK\ncontent-length:0\n\n").state, State::done);
}

TEST(ResponseReader, what_is_behind_the_answer_ends_the_connection_only) {
  const Read read = read_everywhere("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.body, "ok");
  EXPECT_FALSE(read.keeps_alive);
}

TEST(ResponseReader, an_early_end_is_an_error) {
  for (const char* bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
                            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    const Read read = read_everywhere(bytes, true);
    EXPECT_EQ(read.state, State::broken) << bytes;
    EXPECT_EQ(read.error, "the connection ended before the answer did");
  }
}

TEST(ResponseReader, broken_bytes_are_told) {
  const auto error_of = [](std::string_view bytes) { return read_everywhere(bytes).error; };
  EXPECT_EQ(error_of("SSH-2.0-OpenSSH\r\n"), "the answer is not HTTP/1.1");
  EXPECT_EQ(error_of("HTTP/1.1 abc\r\n"), "the answer is not HTTP/1.1");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nnonsense\r\n"), "a header of the answer has no colon");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), "the answer's content-length is no length");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
            "the answer has two lengths");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"),
            "the answer's transfer-encoding is not chunked");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
            "a chunk of the answer has no size");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"),
            "a chunk of the answer is longer than it says");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n"),
            "a chunk of the answer has no size");
}

TEST(ResponseReader, an_endless_head_is_cut_off) {
  ResponseReader reader;
  std::string body;
  std::string bytes = "HTTP/1.1 200 OK\r\nx: ";
  for (int i = 0; i < 100 && reader.state() == State::head; ++i) {
    reader.feed(bytes, body);
    bytes = std::string(1024, 'x');
  }
  EXPECT_EQ(reader.state(), State::broken);
  EXPECT_EQ(reader.error(), "the head of the answer is too large");
}

}  // namespace
}  // namespace estoc::http
