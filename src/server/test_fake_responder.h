// A connection for tests: keeps what it is answered. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/server.h"

namespace estoc {

// Runs posts when told to, as a connection's thread would between reads.
class FakeResponder : public http::Responder {
 public:
  void respond(http::Response answer) override {
    EXPECT_EQ(answers, 0);
    response = std::move(answer);
    ++answers;
  }
  void start_stream(int status, http::Headers headers) override {
    EXPECT_EQ(answers, 0);
    response = {status, std::move(headers), {}};
    ++answers;
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
  void post(std::function<void()> work) override {
    const MutexLock lock(mutex_);
    posts_.push_back(std::move(work));
  }

  void run_posts() {
    for (auto work = next_post(); work; work = next_post()) work();
  }
  size_t post_count() const {
    const MutexLock lock(mutex_);
    return posts_.size();
  }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  http::Response response;
  std::atomic<int> answers = 0;  // counted when the response is there
  int writes = 0, finishes = 0;
  bool refuses_writes = false;
  bool has_left = false;
  std::function<void()> close;

 private:
  std::function<void()> next_post() {
    const MutexLock lock(mutex_);
    if (posts_.empty()) return nullptr;
    auto work = std::move(posts_.front());
    posts_.pop_front();
    return work;
  }

  mutable Mutex mutex_;  // posts come from any thread
  std::deque<std::function<void()>> posts_ GUARDED_BY(mutex_);
};

}  // namespace estoc
