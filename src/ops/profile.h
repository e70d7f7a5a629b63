// Where the time of forward passes goes, by op and layer. For looking inside (`estoc bench model --profile`): each op
// tells its time when Compute has a profile, and costs a branch when it has none.
//
// Ownership: the caller owns the profile. Threads: the thread that runs the ops. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "ops/compute.h"

namespace estoc {

class Profile {
 public:
  struct Total {
    double seconds = 0;
    uint64_t bytes = 0;  // of weights, keys and values that were read
    uint64_t calls = 0;
    void add(const Total& other) { seconds += other.seconds, bytes += other.bytes, calls += other.calls; }
  };
  static constexpr int kOutside = -1;  // of the layers: embedding, norm and head

  int layer = kOutside;  // whose ops run now
  void add(const std::string& op, double seconds, uint64_t bytes) { totals_[{layer, op}].add({seconds, bytes, 1}); }
  void clear() { totals_.clear(); }
  // By layer and op.
  const std::map<std::pair<int, std::string>, Total>& totals() const { return totals_; }

 private:
  std::map<std::pair<int, std::string>, Total> totals_;
};

// Tells the profile of `compute`, if it has one, how long the scope took. `detail` names a weight: what is before its
// last two words is left out ("model.layers.3.mlp.up_proj.weight" is mlp.up_proj).
class ProfileScope {
 public:
  using Clock = std::chrono::steady_clock;

  ProfileScope(const Compute& compute, std::string_view op, uint64_t bytes = 0, std::string_view detail = {})
      : profile_(compute.profile), op_(op), detail_(detail), bytes_(bytes) {
    if (profile_ != nullptr) begin_ = Clock::now();
  }
  ~ProfileScope() {
    if (profile_ != nullptr) finish();
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  void finish();

  Profile* profile_;
  std::string_view op_, detail_;
  uint64_t bytes_;
  Clock::time_point begin_;
};

}  // namespace estoc
