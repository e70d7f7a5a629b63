// The engine without threads and without a model's arithmetic: random requests against scheduler, KV cache and
// sampling, on a clock of its own, with every invariant checked after every step and every finished output compared
// with the same request computed alone. All of it follows from the seed.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "engine/step.h"
#include "engine/test_following_model.h"
#include "runner/local_runner.h"

namespace estoc {

// What happens in a simulation. Chances are per step, in percent.
struct Scenario {
  uint32_t seed = 1;
  EngineConfig config;
  int window = 0;          // a second group of layers with this window
  bool has_state = false;  // and a layer with a fixed state
  int arrival = 40, cancel = 3;
  int live_max = 40;
  int prompt_max = 0;         // 0: what fits
  int shared_beginnings = 0;  // how many different ones prompts may begin with
  bool has_timeouts = false;
  bool is_device = false;            // steps are computed as late as they are waited for, and may follow each other
  int constrained = 0;               // percent of the requests; of those a quarter ask for log-probabilities
  int drafts = 0;                    // guesses a step that a sequence brings at most; four of five are right
  double step_ms = 1, row_ms = 0.2;  // what the model takes
};

class Simulation : private Proposer {
 public:
  static constexpr int kVocab = 40;

  explicit Simulation(const Scenario& scenario);
  // `steps` steps with arrivals, then until everything has ended; checks the totals.
  void run(int steps);

  Stepper& stepper() { return stepper_; }
  uint64_t done() const { return done_; }
  uint64_t forks() const { return forks_; }
  uint64_t timed_out() const { return timed_out_; }
  // The longest time between two tokens of a sequence that was not preempted, in seconds.
  double worst_gap_s() const { return worst_gap_s_; }

 private:
  struct Live {
    Request request;
    Completion completion;
    std::vector<TokenId> answer;  // what it will be, where guesses are made
  };

  void arrive();
  void submit(Request request);
  Request random_request();
  std::vector<TokenId> random_prompt();
  void end_one();
  void receive(const Event& event);
  void step();
  void check_totals();

  void propose(const Sequence& sequence, int most, std::vector<TokenId>& drafts) override;

  static Clock::time_point now();

  const Scenario scenario_;
  std::mt19937 random_;
  FollowingModel model_;
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_;
  std::vector<std::vector<TokenId>> beginnings_;
  RequestId last_id_ = 0;
  std::map<RequestId, Live> live_;
  uint64_t done_ = 0, completed_ = 0, cancelled_ = 0, timed_out_ = 0, forks_ = 0;
  uint64_t answered_ = 0;  // done, with tokens
  double worst_gap_s_ = 0;
};

// Room for this many blocks in FakeModel's only group, and small limits; with states, for those too.
EngineConfig config_of(int context, int sequences_max, int batch_tokens_max, int blocks, int layers = 1,
                       bool has_state = false);

}  // namespace estoc
