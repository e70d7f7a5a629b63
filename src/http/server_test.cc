// Requests and answers over real sockets.
#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "http/test_client.h"

namespace estoc::http {
namespace {

using ResponderPtr = std::shared_ptr<Responder>;

Response text(std::string body, int status = 200) {
  return {status, {{"content-type", "text/plain"}}, std::move(body)};
}

void echo(const Request& request, const ResponderPtr& responder) {
  responder->respond(text(request.method + " " + request.path + " [" + request.query + "] " + request.body));
}

TEST(Server, answers_a_request) {
  Server server(test_config(), echo);
  server.listen();
  EXPECT_NE(server.port(), 0);
  TestClient client(server.port());
  const TestAnswer answer = client.ask(post("/v1/thing?a=1&b=%20", "hello"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "POST /v1/thing [a=1&b=%20] hello");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("date").size(), 29u);
  EXPECT_EQ(answer.headers.count("connection"), 0u);
}

TEST(Server, gives_the_handler_the_whole_request) {
  Request seen;
  Server server(test_config(), [&](Request&& request, const ResponderPtr& responder) {
    seen = std::move(request);
    responder->respond(text("ok"));
  });
  server.listen();
  TestClient client(server.port());
  client.ask(get("/x", "X-One: a b \r\nx-two:c\r\n"));
  EXPECT_EQ(seen.header("x-one"), "a b");
  EXPECT_EQ(seen.header("X-Two"), "c");
  EXPECT_EQ(seen.header("x-three"), "");
  EXPECT_EQ(seen.remote.substr(0, 10), "127.0.0.1:");
}

TEST(Server, keeps_the_connection_for_further_requests) {
  Server server(test_config(), echo);
  server.listen();
  TestClient client(server.port());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.ask(post("/", std::to_string(i))).body, "POST / [] " + std::to_string(i));
  }
  EXPECT_EQ(server.connection_count(), 1);
  const TestAnswer last = client.ask(get("/", "connection: close\r\n"));
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  client.close();
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; }));
}

TEST(Server, answers_pipelined_requests_in_order) {
  std::mutex mutex;
  std::vector<ResponderPtr> waiting;
  Server server(test_config(), [&](const Request& request, const ResponderPtr& responder) {
    if (request.path != "/slow") return responder->respond(text(request.path));
    const std::lock_guard lock(mutex);
    waiting.push_back(responder);
  });
  server.listen();
  TestClient client(server.port());
  client.send(get("/slow") + get("/a") + post("/b", "body") + get("/c"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return waiting.size() == 1;
  }));
  waiting[0]->respond(text("slow"));
  EXPECT_EQ(client.read_answer().body, "slow");
  EXPECT_EQ(client.read_answer().body, "/a");
  EXPECT_EQ(client.read_answer().body, "/b");
  EXPECT_EQ(client.read_answer().body, "/c");
}

TEST(Server, takes_more_pipelined_bytes_than_it_reads_ahead) {
  std::mutex mutex;
  ResponderPtr first;
  std::atomic<size_t> second_bytes{0};
  Server server(test_config(), [&](const Request& request, const ResponderPtr& responder) {
    if (request.path == "/first") {
      const std::lock_guard lock(mutex);
      first = responder;
    } else {
      second_bytes = request.body.size();
      responder->respond(text("second"));
    }
  });
  server.listen();
  TestClient client(server.port());
  std::thread sender([&] { client.send(get("/first") + post("/second", std::string(8 << 20, 'x'))); });
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return first != nullptr;
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  first->respond(text("first"));
  EXPECT_EQ(client.read_answer().body, "first");
  EXPECT_EQ(client.read_answer().body, "second");
  EXPECT_EQ(second_bytes, size_t{8} << 20);
  sender.join();
}

TEST(Server, reads_chunked_bodies_in_any_pieces) {
  Server server(test_config(), echo);
  server.listen();
  TestClient client(server.port());
  const std::string request =
      "POST /up HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;name=value\r\n \r\nA\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n";
  EXPECT_EQ(client.ask(request).body, "POST /up [] hello 0123456789");
  for (const char byte : request) client.send(std::string_view(&byte, 1));
  EXPECT_EQ(client.read_answer().body, "POST /up [] hello 0123456789");
}

TEST(Server, tells_a_waiting_sender_to_continue) {
  Server server(test_config(), echo);
  server.listen();
  TestClient client(server.port());
  client.send("POST /up HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "POST /up [] body");
}

TEST(Server, refuses_a_body_that_is_too_long_before_it_is_sent) {
  ServerConfig config = test_config();
  config.body_bytes_max = 10;
  Server server(config, echo);
  server.listen();
  TestClient client(server.port());
  client.send("POST /up HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST(Server, closes_after_an_http_1_0_answer) {
  Server server(test_config(), [](const Request& request, const ResponderPtr& responder) {
    if (request.path == "/whole") return responder->respond(text("whole"));
    responder->start_stream(200, {});
    responder->write("a");
    responder->write("b");
    responder->finish();
  });
  server.listen();
  TestClient whole(server.port());
  EXPECT_EQ(whole.ask("GET /whole HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").body, "whole");
  EXPECT_EQ(whole.read_to_end(), "");
  TestClient stream(server.port());
  const TestAnswer answer = stream.ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.headers.count("transfer-encoding"), 0u);
  EXPECT_EQ(answer.body, "ab");
}

TEST(Server, answers_head_like_get_without_the_body) {
  Server server(test_config(), [](const Request& request, const ResponderPtr& responder) {
    if (request.path == "/whole") return responder->respond(text(request.method));
    responder->start_stream(200, {});
    EXPECT_TRUE(responder->write("not sent"));
    responder->finish();
  });
  server.listen();
  TestClient client(server.port());
  client.send("HEAD /whole HTTP/1.1\r\nhost: test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).headers.at("content-length"), "3");
  client.send("HEAD /stream HTTP/1.1\r\nhost: test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 200);
  EXPECT_EQ(client.ask(get("/whole")).body, "GET");
}

TEST(Server, turns_a_throwing_handler_into_500_and_goes_on) {
  ServerConfig config = test_config();
  config.render_error = [](int status, std::string_view message) {
    return text("<" + std::string(message) + ">", status);
  };
  Server server(config, [](const Request& request, const ResponderPtr& responder) {
    if (request.path == "/late") {
      responder->start_stream(200, {});
      responder->write("begun");
    }
    if (request.path == "/odd") throw 7;
    if (request.path != "/fine") throw std::runtime_error("secret");
    responder->respond(text("fine"));
  });
  server.listen();
  TestClient client(server.port());
  for (const char* path : {"/throws", "/odd"}) {
    const TestAnswer answer = client.ask(get(path));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "<the server failed to handle the request>");
  }
  EXPECT_EQ(client.ask(get("/fine")).body, "fine");
  client.send(get("/late"));
  EXPECT_EQ(client.read_to_end().find("0\r\n\r\n"), std::string::npos);  // cut off, not ended
  TestClient other(server.port());
  EXPECT_EQ(other.ask(get("/fine")).body, "fine");
}

TEST(Server, answers_500_when_the_responder_is_dropped) {
  Server server(test_config(), [](const Request&, const ResponderPtr&) {});
  server.listen();
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).status, 500);
}

TEST(Server, ignores_a_second_answer) {
  Server server(test_config(), [](const Request&, const ResponderPtr& responder) {
    responder->respond(text("first"));
    responder->respond(text("second"));
    responder->start_stream(200, {});
    EXPECT_FALSE(responder->write("x"));
    responder->finish();
  });
  server.listen();
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).body, "first");
  EXPECT_EQ(client.ask(get("/")).body, "first");
}

TEST(Server, runs_posted_work_on_the_connections_thread) {
  std::atomic<bool> is_same{false};
  std::vector<std::thread> threads;
  Server server(test_config(), [&](const Request&, const ResponderPtr& responder) {
    threads.emplace_back([&, responder, own = std::this_thread::get_id()] {
      responder->post([&, responder, own] {
        is_same = own == std::this_thread::get_id();
        responder->respond(text("posted"));
      });
    });
  });
  server.listen();
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).body, "posted");
  EXPECT_TRUE(is_same);
  for (auto& thread : threads) thread.join();
}

TEST(Server, sends_large_answers_whole) {
  const std::string large(20 << 20, 'x');
  Server server(test_config(), [&](const Request&, const ResponderPtr& responder) { responder->respond(text(large)); });
  server.listen();
  TestClient client(server.port());
  EXPECT_TRUE(client.ask(get("/")).body == large);
  EXPECT_TRUE(client.ask(get("/")).body == large);
}

TEST(Server, serves_many_connections_on_several_threads) {
  ServerConfig config = test_config();
  config.threads = 3;
  Server server(config, echo);
  server.listen();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(std::make_unique<TestClient>(server.port()));
  for (auto& client : clients) client->send(get("/x"));
  for (auto& client : clients) EXPECT_EQ(client->read_answer().body, "GET /x [] ");
  EXPECT_EQ(server.connection_count(), 60);
}

TEST(Server, says_why_it_cannot_listen) {
  Server first(test_config(), echo);
  first.listen();
  ServerConfig config = test_config();
  config.port = first.port();
  Server second(config, echo);
  try {
    second.listen();
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_EQ(error.what(), "cannot listen on 127.0.0.1:" + std::to_string(first.port()) + ": address already in use");
  }
  config.host = "no such host";
  Server third(config, echo);
  EXPECT_THROW(third.listen(), Error);
}

TEST(Server, listens_on_ipv6_and_names) {
  ServerConfig config = test_config();
  config.host = "localhost";
  Server server(config, echo);
  server.listen();
  EXPECT_NE(server.port(), 0);
}

}  // namespace
}  // namespace estoc::http
