// The jobs that have texts to be computed, and whose text is next.
//
// Why: a job may have thousands of texts, and nobody's sentence is to wait for somebody's library. So texts are chosen
// one by one: a batch has some of every job's, as many as fit.
// Order: a job of which nothing was computed for longer than the ageing limit, so that nobody starves; then by priority
// class; then by client, the one that has had least first (engine/fair_share.h); then, among the jobs of a client, by
// virtual time: the tokens a job has had, counted from where the others stood when it came, and those of its next text.
// So jobs advance evenly, and a newcomer with a short text passes all that have long ones to come.
// A text that does not fit what a batch has left waits for the next, which it is the first of.
// Ownership: owns its jobs until they are removed. Threads: one thread. Errors: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include "encoding/encode_job.h"
#include "engine/clock.h"
#include "engine/fair_share.h"

namespace estoc {

// A job that was accepted and is not finished.
struct OpenJob {
  RequestId id = 0;
  EncodeJob job;
  EncodeSink sink;
  Clock::time_point submitted_at, advanced_at;  // when it came, and when a text of it was chosen last
  size_t next_text = 0, next_token = 0;         // the first that was not chosen yet
  double virtual_time = 0;
  std::vector<float> results;  // made when the first text is computed

  size_t text_count() const { return job.lengths.size(); }
  bool has_begun() const { return next_text > 0; }
  bool is_all_chosen() const { return next_text == text_count(); }
  size_t tokens_left() const { return job.tokens.size() - next_token; }
};

// One text of a batch.
struct ChosenText {
  OpenJob* job = nullptr;
  size_t text = 0, first_token = 0;
  int length = 0;
};

class JobQueue {
 public:
  void add(std::unique_ptr<OpenJob> job);
  // Null when there is none of that id.
  std::unique_ptr<OpenJob> remove(RequestId id);

  // Appends texts in their order as long as `takes(length)` says that one more of this length fits; it is asked of
  // each job's next text until it has refused kRefusalsMax. Whoever has no text left stays until removed.
  template <typename Takes>
  void choose(Clock::time_point now, std::vector<ChosenText>& chosen, Takes&& takes) {
    start(now);
    for (int refusals = 0; refusals < kRefusalsMax;) {
      OpenJob* const job = first();
      if (job == nullptr) return;
      const int length = job->job.lengths[job->next_text];
      if (takes(length)) {
        chosen.push_back(take(*job, now));
      } else {
        ++refusals;
        set_aside();
      }
    }
  }

  int count() const { return static_cast<int>(jobs_.size()); }
  // In the order of their coming; `visit(OpenJob&)` must not add or remove.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& job : jobs_) visit(*job);
  }

  static constexpr std::chrono::seconds kAgeingLimit{30};
  static constexpr int kRefusalsMax = 64;

 private:
  using Order = std::tuple<bool, int, double, double, RequestId>;
  struct Turn {
    Order order;
    OpenJob* job;
  };

  Order order_of(const OpenJob& job) const;
  void start(Clock::time_point now);
  OpenJob* first();
  ChosenText take(OpenJob& job, Clock::time_point now);
  void set_aside();

  FairShare shares_;
  std::vector<std::unique_ptr<OpenJob>> jobs_;
  Clock::time_point now_;    // of the last start()
  std::vector<Turn> turns_;  // a heap, the next one first; an order in it may be too early
};

}  // namespace estoc
