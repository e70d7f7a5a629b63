// The shape of a load over time: when requests arrive, or how many users there are. Pure; one thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace estoc {

enum class LoadPattern {
  steady,
  ramp,      // grows from nothing to the full value
  spike,     // three times the value in the middle fifth
  endurance  // steady, and the report tells how latencies drift
};
enum class ArrivalKind { poisson, constant, trace };

// "steady", "ramp", "spike", "endurance"; "poisson", "constant", "trace". Throw Error{invalid_argument}.
LoadPattern parse_load_pattern(std::string_view name);
ArrivalKind parse_arrival_kind(std::string_view name);

// One load: open loop at `rate`, closed loop with `users`, or with neither the times of a trace. It begins no
// conversation after `duration_s` or when `conversations_max` have begun; 0 is no such end, and one of both is needed.
struct LoadShape {
  double rate = 0;  // conversations that begin a second
  int users = 0;
  LoadPattern pattern = LoadPattern::steady;
  ArrivalKind arrivals = ArrivalKind::poisson;
  double trace_speed = 1;
  double duration_s = 0;
  int conversations_max = 0;
  uint64_t seed = 1;

  std::string label() const;  // "0.8 req/s", "16 users", "trace x2"
};

// Throws Error{invalid_argument} for a shape that cannot be run.
void check_load_shape(const LoadShape& shape);

// How many users there are `t_s` into a closed loop.
int users_at(const LoadShape& shape, double t_s);

// The times at which an open loop's conversations begin, ascending, without end: where to stop is the caller's
// business. The same shape gives the same times on every machine.
class ArrivalTimes {
 public:
  explicit ArrivalTimes(const LoadShape& shape);
  double next();

 private:
  double time_of(double arrivals) const;

  const LoadPattern pattern_;
  const bool is_poisson_;
  const double rate_;
  double span_s_;         // of the pattern
  double arrivals_ = -1;  // expected until now; constant arrivals begin at 0
  std::mt19937_64 random_;
};

}  // namespace estoc
