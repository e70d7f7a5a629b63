// Bytes to requests, without sockets.
#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace estoc::http {
namespace {

using State = RequestReader::State;

struct Outcome {
  std::vector<ReadRequest> requests;
  int error_status = 0;
};

Outcome read_all(std::string_view bytes, size_t piece_bytes, ReadLimits limits = {4096, 4096}) {
  RequestReader reader(limits);
  Outcome outcome;
  for (size_t at = 0; at <= bytes.size(); at += piece_bytes) {
    reader.feed(bytes.substr(at, piece_bytes));
    State state;
    while ((state = reader.parse()) == State::request) outcome.requests.push_back(reader.take_request());
    if (state == State::error) outcome.error_status = reader.error_status();
  }
  return outcome;
}

TEST(RequestReader, gives_the_same_for_every_cut) {
  const std::string bytes =
      "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "GET http://x/abs?q#f HTTP/1.1\r\nhost: x\r\n\r\n"
      "POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\n\r\n3;e=\"v\"\r\nabc\r\n0\r\nx: y\r\n\r\n"
      "HEAD / HTTP/1.0\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: Close\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); piece = piece < 20 ? piece + 1 : piece * 2) {
    const Outcome outcome = read_all(bytes, piece);
    EXPECT_EQ(outcome.error_status, 0);
    ASSERT_EQ(outcome.requests.size(), 5u) << piece;
    const auto& [first, second, third, fourth, fifth] = std::tie(
        outcome.requests[0], outcome.requests[1], outcome.requests[2], outcome.requests[3], outcome.requests[4]);
    EXPECT_EQ(first.request.path, "/a");
    EXPECT_EQ(first.request.query, "b");
    EXPECT_EQ(first.request.body, "hello");
    EXPECT_EQ(first.request.headers[1].first, "Content-Length");
    EXPECT_TRUE(first.keeps_alive);
    EXPECT_EQ(second.request.path, "/abs");
    EXPECT_EQ(second.request.query, "q");
    EXPECT_EQ(third.request.body, "abc");
    EXPECT_EQ(third.request.header("x"), "");  // a trailer is not a header
    EXPECT_TRUE(fourth.is_head && fourth.is_http_1_0 && !fourth.keeps_alive);
    EXPECT_EQ(fourth.request.method, "GET");
    EXPECT_EQ(fifth.request.path, "*");
    EXPECT_FALSE(fifth.keeps_alive);
  }
}

TEST(RequestReader, knows_who_asks_for_another_protocol) {
  const auto may_upgrade = [](const std::string& line, const std::string& headers) {
    const Outcome outcome = read_all(line + "\r\nhost: x\r\n" + headers + "\r\n", 1000);
    return outcome.requests.at(0).may_upgrade;
  };
  EXPECT_TRUE(may_upgrade("GET / HTTP/1.1", "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"));
  EXPECT_FALSE(may_upgrade("GET / HTTP/1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(may_upgrade("GET / HTTP/1.1", "Connection: Upgrade\r\n"));
  EXPECT_FALSE(may_upgrade("GET / HTTP/1.0", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
  EXPECT_FALSE(may_upgrade("HEAD / HTTP/1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
}

TEST(RequestReader, what_follows_an_upgrade_is_not_read_as_a_request) {
  RequestReader reader({1000, 1000});
  reader.feed("GET / HTTP/1.1\r\nhost: x\r\n\r\n\x81\x05hello");
  ASSERT_EQ(reader.parse(), State::request);
  reader.take_request();
  EXPECT_EQ(reader.take_unread(), "\x81\x05hello");
  EXPECT_EQ(reader.unread_bytes(), 0u);
}

TEST(RequestReader, bounds_the_header_for_every_cut) {
  const std::string line = "GET / HTTP/1.1\r\nhost: x\r\n";
  const std::string fits = line + "a: " + std::string(4096 - line.size() - 7, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 4096u);
  std::string longer = fits;
  longer.insert(longer.begin() + static_cast<ptrdiff_t>(line.size()) + 3, 'x');
  for (const size_t piece : {1, 7, 1000, 5000}) {
    EXPECT_EQ(read_all(fits + fits, piece).requests.size(), 2u);
    EXPECT_EQ(read_all(longer, piece).error_status, 431);
    EXPECT_EQ(read_all(fits + longer, piece).requests.size(), 1u);
  }
}

TEST(RequestReader, bounds_the_body_for_every_cut) {
  const std::string head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  for (const size_t piece : {1, 7, 1000, 50000}) {
    EXPECT_EQ(read_all(head + chunk + chunk + chunk + chunk + "0\r\n\r\n", piece).requests.size(), 1u);
    EXPECT_EQ(read_all(head + chunk + chunk + chunk + chunk + "1\r\n", piece).error_status, 413);
    EXPECT_EQ(read_all(head + "FFFFFFFFFFFFFFFF\r\n", piece).error_status, 413);
    EXPECT_EQ(read_all(head + "10000000000000000\r\n", piece).error_status, 400);
  }
}

TEST(RequestReader, stays_broken_after_an_error) {
  RequestReader reader({4096, 4096});
  reader.feed("nonsense\r\n\r\n");
  EXPECT_EQ(reader.parse(), State::error);
  EXPECT_EQ(reader.error_status(), 400);
  EXPECT_NE(reader.error_message(), "");
  reader.feed("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_EQ(reader.parse(), State::error);
  EXPECT_EQ(reader.unread_bytes(), 0u);
}

TEST(RequestReader, knows_when_to_say_continue) {
  const std::string head = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\n";
  RequestReader waiting({4096, 4096});
  waiting.feed(head.substr(0, 20));
  EXPECT_EQ(waiting.parse(), State::need_more);
  EXPECT_TRUE(waiting.has_partial_request());
  EXPECT_FALSE(waiting.take_expects_continue());
  waiting.feed(head.substr(20));
  EXPECT_EQ(waiting.parse(), State::need_more);
  EXPECT_TRUE(waiting.take_expects_continue());
  EXPECT_FALSE(waiting.take_expects_continue());
  waiting.feed("ab");
  EXPECT_EQ(waiting.parse(), State::request);
  EXPECT_FALSE(waiting.has_partial_request());

  RequestReader sending({4096, 4096});
  sending.feed(head + "a");
  EXPECT_EQ(sending.parse(), State::need_more);
  EXPECT_FALSE(sending.take_expects_continue());
}

}  // namespace
}  // namespace estoc::http
