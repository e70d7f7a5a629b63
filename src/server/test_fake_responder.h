// A connection for tests: keeps what it is answered. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "http/server.h"

namespace estoc {

// Runs posts when told to, as a connection's thread would between reads.
class FakeResponder : public http::Responder {
 public:
  void respond(http::Response answer) override {
    EXPECT_EQ(answers, 0);
    ++answers;
    response = std::move(answer);
  }
  void start_stream(int status, http::Headers headers) override {
    EXPECT_EQ(answers, 0);
    ++answers;
    response = {status, std::move(headers), {}};
  }
  bool write(std::string bytes) override {
    ++writes;
    response.body += bytes;
    return !refuses_writes;
  }
  void finish() override { ++finishes; }
  bool upgrade(http::Headers, std::shared_ptr<http::FrameHandler>) override { return false; }
  void resume() override {}
  bool is_closed() const override { return has_left; }
  void on_close(std::function<void()> callback) override { close = std::move(callback); }
  void post(std::function<void()> work) override { posts.push_back(std::move(work)); }

  void run_posts() {
    while (!posts.empty()) {
      const auto work = std::move(posts.front());
      posts.pop_front();
      work();
    }
  }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  http::Response response;
  int answers = 0, writes = 0, finishes = 0;
  bool refuses_writes = false;
  bool has_left = false;
  std::function<void()> close;
  std::deque<std::function<void()>> posts;
};

}  // namespace estoc
