// Whole runs against servers of our own: good ones, slow ones and broken ones.
#include "load/load_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "base/error.h"
#include "base/json.h"
#include "http/test_raw_server.h"
#include "load/model_query.h"
#include "load/test_server.h"

namespace estoc {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{20};

// Conversations of "q0", "q1" ... in turn, with the given number of turns.
class CountingWorkload final : public Workload {
 public:
  explicit CountingWorkload(int turns = 1, double think_s = 0, double every_s = -1)
      : turns_(turns), think_s_(think_s), every_s_(every_s) {}
  Conversation next() override {
    Conversation conversation{.category = "test", .system = "be brief"};
    if (every_s_ >= 0) conversation.at_s = every_s_ * count_;
    for (int i = 0; i < turns_; ++i) {
      conversation.turns.push_back(
          {.text = "q" + std::to_string(count_), .output_tokens = 4, .think_s = i == 0 ? 0 : think_s_});
    }
    ++count_;
    return conversation;
  }

 private:
  const int turns_;
  const double think_s_, every_s_;
  int count_ = 0;
};

LoadPoint run_load(const Target& target, const LoadShape& shape, std::unique_ptr<Workload> workload,
                   RequestOptions options = {.model = "m", .timeout_s = 20}) {
  LoadRun run(target, options, shape, std::move(workload));
  EXPECT_TRUE(run.wait_for(kPatience));
  EXPECT_EQ(run.counts().running, 0);
  return run.point();
}

LoadPoint run_load(const Target& target, const LoadShape& shape) {
  return run_load(target, shape, std::make_unique<CountingWorkload>());
}

// The most requests that were on their way at once.
int together_max(const LoadPoint& point) {
  std::ptrdiff_t most = 0;
  for (const RequestRecord& at : point.requests) {
    most = std::max(most, std::count_if(point.requests.begin(), point.requests.end(), [&](const auto& other) {
                      return other.sent_s <= at.sent_s && other.end_s > at.sent_s;
                    }));
  }
  return static_cast<int>(most);
}

// Of one request to a server that behaves as `serve` does.
RequestRecord record_of(const TestServer::Serve& serve, RequestOptions options = {.model = "m", .timeout_s = 20}) {
  TestServer server(serve);
  const LoadPoint point =
      run_load(server.target(), {.users = 1, .conversations_max = 1}, std::make_unique<CountingWorkload>(), options);
  EXPECT_EQ(point.requests.size(), 1u);
  return point.requests.at(0);
}

RequestRecord record_of_bytes(const std::string& bytes) {
  http::RawServer server({bytes});
  return run_load(local_target(server.port()), {.users = 1, .conversations_max = 1}).requests.at(0);
}

TEST(LoadRun, times_of_a_slow_stream) {
  const RequestRecord record = record_of([](const http::Request&, http::Responder& responder) {
    std::this_thread::sleep_for(milliseconds(100));
    stream_tokens(responder, 5, milliseconds(40));
  });
  EXPECT_TRUE(record.is_ok()) << record.error;
  EXPECT_EQ(record.category, "test");
  EXPECT_EQ(record.output_tokens, 5);
  EXPECT_EQ(record.prompt_tokens, 3);
  EXPECT_GE(record.first_s - record.scheduled_s, 0.1);
  ASSERT_EQ(record.gaps_s.size(), 4u);
  double sum = 0;
  for (const double gap : record.gaps_s) sum += gap;
  EXPECT_GE(sum, 4 * 0.04 - 0.03);  // the first may have come late, no other early
  EXPECT_GE(record.end_s, record.first_s + sum);
}

TEST(LoadRun, a_constant_rate_keeps_its_times_whatever_the_server_does) {
  TestServer server([](const http::Request&, http::Responder& responder) {
    std::this_thread::sleep_for(milliseconds(300));
    stream_tokens(responder, 1, milliseconds(0));
  });
  const LoadPoint point = run_load(
      server.target(), {.rate = 50, .arrivals = ArrivalKind::constant, .duration_s = 10, .conversations_max = 20});
  ASSERT_EQ(point.requests.size(), 20u);
  EXPECT_GE(together_max(point), 8);
  for (size_t i = 0; i < 20; ++i) {
    const RequestRecord& record = point.requests[i];
    EXPECT_TRUE(record.is_ok()) << record.error;
    EXPECT_GE(record.sent_s, record.scheduled_s);
    EXPECT_GE(record.first_s - record.scheduled_s, 0.3);
  }
  std::vector<double> scheduled;
  for (const RequestRecord& record : point.requests) scheduled.push_back(record.scheduled_s);
  std::sort(scheduled.begin(), scheduled.end());
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(scheduled[i], 0.02 * static_cast<double>(i), 1e-9);
  EXPECT_EQ(point.offered_rps, 50);
  EXPECT_EQ(point.load, "50 req/s");
  EXPECT_EQ(point.duration_s, 10);
}

TEST(LoadRun, users_wait_for_their_answers) {
  TestServer server(
      [](const http::Request&, http::Responder& responder) { stream_tokens(responder, 2, milliseconds(5)); });
  const LoadPoint point = run_load(server.target(), {.users = 3, .conversations_max = 30});
  EXPECT_EQ(point.requests.size(), 30u);
  EXPECT_EQ(together_max(point), 3);
  EXPECT_TRUE(std::all_of(point.requests.begin(), point.requests.end(), [](const auto& r) { return r.is_ok(); }));
  EXPECT_EQ(point.users, 3);
  EXPECT_EQ(point.load, "3 users");
  EXPECT_GT(point.duration_s, 10 * 0.005 * 0.9);
  EXPECT_LT(point.duration_s, 20);
}

TEST(LoadRun, a_ramp_of_users_grows) {
  TestServer server(
      [](const http::Request&, http::Responder& responder) { stream_tokens(responder, 2, milliseconds(40)); });
  const LoadPoint point = run_load(server.target(), {.users = 4, .pattern = LoadPattern::ramp, .duration_s = 1.2});
  EXPECT_EQ(together_max(point), 4);
  const auto running_at = [&](double t) {
    return std::count_if(point.requests.begin(), point.requests.end(),
                         [&](const auto& r) { return r.sent_s <= t && r.end_s > t; });
  };
  EXPECT_LE(running_at(0.2), 1);
  EXPECT_LE(running_at(0.5), 2);
}

TEST(LoadRun, turns_carry_the_answers_before_them) {
  TestServer server(
      [](const http::Request&, http::Responder& responder) { stream_tokens(responder, 2, milliseconds(1)); });
  const LoadPoint point =
      run_load(server.target(), {.users = 1, .conversations_max = 1}, std::make_unique<CountingWorkload>(3, 0.05));
  ASSERT_EQ(point.requests.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(point.requests[static_cast<size_t>(i)].turn, i);
  EXPECT_NEAR(point.requests[1].scheduled_s, point.requests[0].end_s + 0.05, 1e-9);
  EXPECT_GE(point.requests[1].sent_s, point.requests[1].scheduled_s);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[2]->path, "/v1/chat/completions");
  const Json body = parse_json(requests[2]->body);
  EXPECT_EQ(to_json(*body.find("messages")),
            R"([{"role":"system","content":"be brief"},{"role":"user","content":"q0"},)"
            R"({"role":"assistant","content":"t0t1"},{"role":"user","content":"q0"},)"
            R"({"role":"assistant","content":"t0t1"},{"role":"user","content":"q0"}])");
}

TEST(LoadRun, replays_the_times_of_a_trace) {
  TestServer server(
      [](const http::Request&, http::Responder& responder) { stream_tokens(responder, 1, milliseconds(0)); });
  const LoadShape shape{.arrivals = ArrivalKind::trace, .trace_speed = 4, .conversations_max = 4};
  const LoadPoint point = run_load(server.target(), shape, std::make_unique<CountingWorkload>(1, 0, 0.4));
  ASSERT_EQ(point.requests.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(point.requests[i].scheduled_s, 0.1 * static_cast<double>(i), 1e-9);
  EXPECT_EQ(point.load, "trace x4");
  EXPECT_THROW(run_load(server.target(), shape), Error);  // a workload without times
}

TEST(LoadRun, refusals_are_recorded_and_users_rest) {
  std::atomic<int> asked{0};
  TestServer server([&](const http::Request&, http::Responder& responder) {
    if (++asked == 1) return refuse(responder, 429, "the queue is full", "2");
    stream_tokens(responder, 1, milliseconds(0));
  });
  const LoadPoint point = run_load(server.target(), {.users = 1, .conversations_max = 2});
  ASSERT_EQ(point.requests.size(), 2u);
  EXPECT_EQ(point.requests[0].status, 429);
  EXPECT_EQ(point.requests[0].error, "the queue is full");
  EXPECT_TRUE(point.requests[1].is_ok());
  EXPECT_GE(point.requests[1].sent_s, point.requests[0].end_s + 1.99);
}

TEST(LoadRun, a_refused_turn_ends_its_conversation) {
  TestServer server([](const http::Request&, http::Responder& responder) { refuse(responder, 503, "stopping"); });
  const LoadPoint point =
      run_load(server.target(), {.rate = 100, .arrivals = ArrivalKind::constant, .conversations_max = 2},
               std::make_unique<CountingWorkload>(3));
  EXPECT_EQ(point.requests.size(), 2u);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(LoadRun, an_end_split_over_packets) {
  const RequestRecord record = record_of([](const http::Request&, http::Responder& responder) {
    responder.start_stream(200, {});
    for (const char* piece :
         {"data: {\"choices\":[{\"delta\":{\"con", "tent\":\"a\"}}]}\r", "\n\r\nda", "ta: [DO", "NE]\r\n", "\r\n"}) {
      responder.write(piece);
      std::this_thread::sleep_for(milliseconds(10));
    }
    responder.finish();
  });
  EXPECT_TRUE(record.is_ok()) << record.error;
  EXPECT_EQ(record.output_tokens, 1);
}

TEST(LoadRun, a_stream_cut_off_is_a_failure) {
  const RequestRecord record = record_of([](const http::Request&, http::Responder& responder) {
    responder.start_stream(200, {});
    responder.write("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
    std::this_thread::sleep_for(milliseconds(100));
  });
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.error, "the connection ended before the answer did");
  EXPECT_GE(record.first_s, 0);
}

TEST(LoadRun, garbage_is_a_failure) {
  EXPECT_EQ(record_of_bytes("SSH-2.0-server\r\n").error, "the answer is not HTTP/1.1");
  EXPECT_EQ(record_of_bytes("").error, "the connection ended before the answer did");
  EXPECT_EQ(record_of_bytes("HTTP/1.1 200 OK\r\n\r\n\x01\x02\xff garbage").error,
            "the event stream ended without [DONE]");
  EXPECT_NE(record_of_bytes("HTTP/1.1 200 OK\r\n\r\ndata: \xff{\n\n").error.find("is broken"), std::string::npos);
}

TEST(LoadRun, nobody_there_is_a_failure) {
  Target target;
  {
    http::RawServer server({});
    target = local_target(server.port());
  }
  const LoadPoint point = run_load(target, {.rate = 100, .conversations_max = 3});
  ASSERT_EQ(point.requests.size(), 3u);
  for (const RequestRecord& record : point.requests) {
    EXPECT_EQ(record.status, 0);
    EXPECT_EQ(record.error, "cannot connect: Connection refused");
  }
}

TEST(LoadRun, a_request_that_takes_too_long_is_given_up) {
  const RequestRecord record = record_of(
      [](const http::Request&, http::Responder& responder) {
        responder.start_stream(200, {});
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!responder.is_closed() && std::chrono::steady_clock::now() < end) {
          std::this_thread::sleep_for(milliseconds(2));
        }
        EXPECT_TRUE(responder.is_closed());
      },
      {.model = "m", .timeout_s = 0.1});
  EXPECT_EQ(record.error, "timed out");
  EXPECT_GE(record.end_s, 0.1);
}

TEST(LoadRun, a_server_that_closes_after_each_answer_gets_new_connections) {
  const std::string body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
  // The first connection promises to stay and does not.
  const std::string kept = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  http::RawServer server({kept, kept, "HTTP/1.0 200 OK\r\n\r\n" + body});
  const LoadPoint point = run_load(local_target(server.port()), {.users = 1, .conversations_max = 3});
  ASSERT_EQ(point.requests.size(), 3u);
  for (const RequestRecord& record : point.requests) EXPECT_TRUE(record.is_ok()) << record.error;
}

TEST(LoadRun, connections_are_used_again) {
  TestServer server(
      [](const http::Request&, http::Responder& responder) { stream_tokens(responder, 1, milliseconds(0)); });
  run_load(server.target(), {.users = 1, .conversations_max = 10});
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 10u);
  for (const auto& request : requests) EXPECT_EQ(request->remote, requests[0]->remote);
}

TEST(LoadRun, stopping_keeps_what_was_measured) {
  std::atomic<int> asked{0};
  TestServer server([&](const http::Request&, http::Responder& responder) {
    if (++asked <= 2) return stream_tokens(responder, 1, milliseconds(0));
    while (!responder.is_closed()) std::this_thread::sleep_for(milliseconds(2));
  });
  LoadRun run(server.target(), {.model = "m"}, {.users = 1, .conversations_max = 100},
              std::make_unique<CountingWorkload>());
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (run.counts().sent < 3 && std::chrono::steady_clock::now() < end) run.wait_for(milliseconds(2));
  EXPECT_FALSE(run.wait_for(milliseconds(50)));
  EXPECT_EQ(run.counts().running, 1);
  run.stop();
  EXPECT_TRUE(run.wait_for(milliseconds(0)));
  EXPECT_EQ(run.point().requests.size(), 2u);
  EXPECT_GE(run.point().duration_s, 0.05);
}

TEST(LoadRun, five_hundred_connections_at_once) {
  TestServer server([](const http::Request&, http::Responder& responder) {
    std::this_thread::sleep_for(milliseconds(300));
    stream_tokens(responder, 3, milliseconds(1));
  });
  const LoadPoint point = run_load(server.target(), {.users = 500, .conversations_max = 500});
  EXPECT_EQ(point.requests.size(), 500u);
  EXPECT_TRUE(std::all_of(point.requests.begin(), point.requests.end(), [](const auto& r) { return r.is_ok(); }));
  EXPECT_GE(together_max(point), 400);
}

TEST(ModelQuery, takes_the_first) {
  TestServer server([](const http::Request& request, http::Responder& responder) {
    EXPECT_EQ(request.path, "/v1/models");
    EXPECT_EQ(request.header("authorization"), "Bearer key");
    responder.respond({200, {}, R"({"data":[{"id":"one"},{"id":"two"}]})"});
  });
  EXPECT_EQ(first_model(server.target(), "key"), "one");
}

TEST(ModelQuery, tells_what_is_wrong) {
  const auto error_of = [](int status, const std::string& body) -> std::string {
    TestServer server([&](const http::Request&, http::Responder& responder) { responder.respond({status, {}, body}); });
    try {
      return first_model(server.target(), "");
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of(401, ""), "test: GET /v1/models: status 401; --model names the model instead");
  EXPECT_EQ(error_of(200, "{}"), "test: GET /v1/models names no model; expected --model");
  EXPECT_EQ(error_of(200, "<html>"), "test: GET /v1/models names no model; expected --model");
}

}  // namespace
}  // namespace estoc
