// What the engine's tests share: an engine over a few blocks, a receiver of events and a model that can be held.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "base/check.h"
#include "base/test_gate.h"
#include "engine/engine_config.h"
#include "engine/event.h"
#include "engine/test_fake_model.h"

namespace estoc {

inline constexpr int kVocab = 40;

inline EngineConfig config_with_blocks(int blocks) {
  const uint64_t block_bytes =
      StateLayout({PagedState{1, 2}}).position_block_bytes(KvType::f32);  // as FakeModel has it
  return {.context = 100,
          .sequences_max = 8,
          .batch_tokens_max = 7,
          .queue_max = 1000,
          .kv_bytes = static_cast<uint64_t>(blocks) * block_bytes,
          .kv_type = KvType::f32};
}

// Receives the events of many requests; also checks that nothing follows the last one.
class Inbox {
 public:
  EventSink sink() {
    return [this](Event&& event) {
      const std::lock_guard lock(mutex_);
      auto& events = events_[event.request];
      ESTOC_CHECK(events.empty() || !events.back().finish.has_value());  // nothing follows the last event
      events.push_back(std::move(event));
      arrived_.notify_all();
    };
  }

  std::vector<Event> wait_for_all(RequestId id) {
    std::unique_lock lock(mutex_);
    const bool is_complete = arrived_.wait_for(
        lock, std::chrono::seconds(60), [&] { return !events_[id].empty() && events_[id].back().finish.has_value(); });
    ESTOC_CHECK(is_complete);
    return events_[id];
  }

  Completion completion(RequestId id) {
    Completion completion;
    for (const Event& event : wait_for_all(id)) {
      if (event.token) completion.tokens.push_back(*event.token);
      if (event.finish) completion.finish = *event.finish;
    }
    return completion;
  }

  size_t count(RequestId id) {
    const std::lock_guard lock(mutex_);
    return events_[id].size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<RequestId, std::vector<Event>> events_;
};

// Holds the model before its next forward until opened.
class Gate : public TestGate {
 public:
  explicit Gate(FakeModel& model) {
    model.before_forward = [this](const Batch&) { pass(); };
  }
};

}  // namespace estoc
