// What the server refuses, and with which status.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <list>
#include <string>
#include <thread>

#include "http/server.h"
#include "http/test_client.h"

namespace estoc::http {
namespace {

using std::chrono::milliseconds;

class Limits : public testing::Test {
 protected:
  Limits() {
    config_ = test_config();
    config_.header_bytes_max = 2000;
    config_.body_bytes_max = 1000;
    config_.render_error = [](int status, std::string_view message) {
      return Response{status, {{"content-type", "application/x-test"}}, "error: " + std::string(message)};
    };
  }
  void listen() {
    server_ = std::make_unique<Server>(config_, [this](const Request&, const std::shared_ptr<Responder>& responder) {
      ++handled_;
      responder->respond({});
    });
    server_->listen();
  }
  // Expects the error and the end of the connection.
  void expect_refused(std::string_view request, int status) {
    TestClient client(server_->port());
    client.send_some(request);
    const TestAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, status) << request.substr(0, 200);
    EXPECT_EQ(answer.headers.at("content-type"), "application/x-test");
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_EQ(answer.body.substr(0, 7), "error: ");
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(handled_, 0);
  }

  ServerConfig config_;
  std::atomic<int> handled_{0};
  std::unique_ptr<Server> server_;
};

TEST_F(Limits, body_413) {
  listen();
  expect_refused(post("/", std::string(1001, 'x')), 413);
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 18446744073709551615\r\n\r\n", 413);
  std::string chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) chunked += "64\r\n" + std::string(100, 'x') + "\r\n";
  expect_refused(chunked, 413);
  TestClient client(server_->port());
  EXPECT_EQ(client.ask(post("/", std::string(1000, 'x'))).status, 200);
}

// The peer is still sending when it is refused, and has to see the answer all the same.
TEST_F(Limits, body_413_while_sending) {
  listen();
  expect_refused(post("/", std::string(4 << 20, 'x')), 413);
}

// Long bodies share a bound; short ones are let in whatever the others do.
TEST_F(Limits, bodies_together_503) {
  config_.body_bytes_max = 1000;
  config_.bodies_bytes_max = 1500;
  config_.small_body_bytes = 100;
  listen();
  const auto head = [](int bytes) {
    return "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(bytes) + "\r\n\r\n";
  };
  TestClient first(server_->port());
  first.send(head(1000));
  first.send("x");
  EXPECT_TRUE(eventually([&] { return server_->body_bytes() == 1000; }));
  expect_refused(head(501), 503);
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1f5\r\n" + std::string(501, 'x'),
                 503);
  EXPECT_EQ(server_->body_bytes(), 1000u);
  TestClient others(server_->port());
  EXPECT_EQ(others.ask(post("/", std::string(100, 'x'))).status, 200);
  EXPECT_EQ(others.ask(post("/", std::string(500, 'x'))).status, 200);
  first.close();
  EXPECT_TRUE(eventually([&] { return server_->body_bytes() == 0; }));
  EXPECT_EQ(others.ask(post("/", std::string(1000, 'x'))).status, 200);
}

// The memory counts until whoever got the request is done with it.
TEST_F(Limits, bodies_count_while_they_are_kept) {
  config_.small_body_bytes = 100;
  std::vector<Request> kept;
  Server server(config_, [&](Request&& request, const std::shared_ptr<Responder>& responder) {
    kept.push_back(std::move(request));
    responder->respond({});
  });
  server.listen();
  TestClient client(server.port());
  EXPECT_EQ(client.ask(post("/", std::string(700, 'x'))).status, 200);
  EXPECT_EQ(server.body_bytes(), 700u);
  kept.clear();
  EXPECT_EQ(server.body_bytes(), 0u);
}

// Not only once the time is over that a peer has for reading the answer, a second.
TEST_F(Limits, a_refused_peer_that_leaves_is_forgotten_at_once) {
  listen();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i) {
    TestClient client(server_->port());
    client.send("nonsense\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 400);
    client.close();
    EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(Limits, a_refused_peer_that_goes_on_sending_is_cut_off) {
  listen();
  TestClient client(server_->port());
  client.send("nonsense\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] {
    client.send_some("more");
    std::this_thread::sleep_for(milliseconds(20));
    return server_->connection_count() == 0;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(Limits, header_431) {
  listen();
  expect_refused(get("/", "x: " + std::string(2000, 'x') + "\r\n"), 431);
  expect_refused("GET /" + std::string(3000, 'x'), 431);
  std::string many;
  for (int i = 0; i < 500; ++i) many += "a: b\r\n";
  expect_refused(get("/", many), 431);
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1;" + std::string(20000, 'x'), 431);
}

TEST_F(Limits, broken_requests_400) {
  listen();
  for (const char* request : {
           "\x16\x03\x01\x02\r\n\r\n",
           "GET\r\n\r\n",
           "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
           "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
           "GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n",
           "GET nowhere HTTP/1.1\r\nhost: a\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
           "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
       }) {
    expect_refused(request, 400);
  }
}

TEST_F(Limits, unknown_transfer_encoding_501) {
  listen();
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501);
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity\r\n\r\n", 501);
}

TEST_F(Limits, half_a_request_408) {
  config_.read_timeout = milliseconds(30);
  listen();
  expect_refused("GET / HTTP/1.1\r\nhost:", 408);
  expect_refused("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n123", 408);
}

TEST_F(Limits, idle_connections_are_closed_in_silence) {
  config_.idle_timeout = milliseconds(30);
  listen();
  TestClient fresh(server_->port());
  EXPECT_EQ(fresh.read_to_end(), "");
  TestClient used(server_->port());
  EXPECT_EQ(used.ask(get("/")).status, 200);
  EXPECT_EQ(used.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(Limits, too_many_connections_503) {
  config_.connections_max = 2;
  listen();
  TestClient first(server_->port());
  TestClient second(server_->port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second.ask(get("/")).status, 200);
  handled_ = 0;
  expect_refused(get("/"), 503);
  first.close();
  EXPECT_TRUE(eventually([&] { return server_->connection_count() < 2; }));
  TestClient third(server_->port());
  EXPECT_EQ(third.ask(get("/")).status, 200);
}

// Who is told so keeps a connection for a second at most: whoever comes then while 64 of them are there is not heard.
TEST_F(Limits, of_too_many_connections_64_at_once_are_told_so) {
  config_.connections_max = 1;
  listen();
  TestClient first(server_->port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    std::list<TestClient> told;
    for (int i = 0; i < 64; ++i) told.emplace_back(server_->port());
    TestClient unheard(server_->port());
    const std::string nothing = unheard.read_to_end();
    if (std::chrono::steady_clock::now() - begin < milliseconds(900)) {  // else a first one may have left
      EXPECT_EQ(nothing, "");
      for (TestClient& client : told) EXPECT_EQ(client.read_answer().status, 503);
      return;
    }
    told.clear();
    EXPECT_TRUE(eventually([&] { return server_->connection_count() == 1; }));
  }
  ADD_FAILURE() << "65 connections took a second each time";
}

TEST_F(Limits, plain_text_without_render_error) {
  config_.render_error = nullptr;
  listen();
  TestClient client(server_->port());
  client.send("nonsense\r\n\r\n");
  const TestAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.body.back(), '\n');
}

TEST_F(Limits, a_render_error_that_throws) {
  config_.render_error = [](int, std::string_view) -> Response { throw std::runtime_error("no"); };
  listen();
  TestClient client(server_->port());
  client.send("nonsense\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
}

}  // namespace
}  // namespace estoc::http
