#include "load/load_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace estoc {
namespace {

// The spike: where it begins and ends within the run, and how many times the load it is.
constexpr double kSpikeBegin = 0.4, kSpikeEnd = 0.6, kSpikeFactor = 3;
// The mean of a pattern in units of its full value.
constexpr double kRampMean = 0.5;
constexpr double kSpikeMean = 1 + (kSpikeEnd - kSpikeBegin) * (kSpikeFactor - 1);

double mean_of(LoadPattern pattern) {
  if (pattern == LoadPattern::ramp) return kRampMean;
  return pattern == LoadPattern::spike ? kSpikeMean : 1;
}

}  // namespace

LoadPattern parse_load_pattern(std::string_view name) {
  if (name == "steady") return LoadPattern::steady;
  if (name == "ramp") return LoadPattern::ramp;
  if (name == "spike") return LoadPattern::spike;
  if (name == "endurance") return LoadPattern::endurance;
  fail(ErrorCode::invalid_argument, "--pattern: '{}' is no pattern; expected steady, ramp, spike or endurance", name);
}

ArrivalKind parse_arrival_kind(std::string_view name) {
  if (name == "poisson") return ArrivalKind::poisson;
  if (name == "constant") return ArrivalKind::constant;
  if (name == "trace") return ArrivalKind::trace;
  fail(ErrorCode::invalid_argument, "--arrivals: '{}' is no kind; expected poisson, constant or trace", name);
}

std::string LoadShape::label() const {
  if (users > 0) return fmt::format("{} user{}", users, users == 1 ? "" : "s");
  if (arrivals == ArrivalKind::trace) return fmt::format("trace x{:g}", trace_speed);
  return fmt::format("{:g} req/s", rate);
}

void check_load_shape(const LoadShape& shape) {
  if (shape.duration_s <= 0 && shape.conversations_max <= 0) {
    fail(ErrorCode::invalid_argument, "a load without an end: expected --duration or --requests");
  }
  const bool has_shape = shape.pattern == LoadPattern::ramp || shape.pattern == LoadPattern::spike;
  if (shape.users > 0) {
    if (has_shape && shape.duration_s <= 0) {
      fail(ErrorCode::invalid_argument, "--pattern: ramp and spike of --users need --duration");
    }
  } else if (shape.arrivals == ArrivalKind::trace) {
    if (has_shape) fail(ErrorCode::invalid_argument, "--pattern: a trace has its own; expected steady or endurance");
  } else if (!(shape.rate > 0)) {
    fail(ErrorCode::invalid_argument, "a load of nothing: expected --rate or --users above 0");
  }
}

int users_at(const LoadShape& shape, double t_s) {
  const double share = shape.duration_s > 0 ? t_s / shape.duration_s : 0;
  if (shape.pattern == LoadPattern::ramp) {
    return std::min(shape.users, 1 + static_cast<int>(share * shape.users));
  }
  const bool is_spike = shape.pattern == LoadPattern::spike && share >= kSpikeBegin && share < kSpikeEnd;
  return is_spike ? shape.users * static_cast<int>(kSpikeFactor) : shape.users;
}

ArrivalTimes::ArrivalTimes(const LoadShape& shape)
    : pattern_(shape.pattern),
      is_poisson_(shape.arrivals == ArrivalKind::poisson),
      rate_(shape.rate),
      // Without a stated duration the pattern spans the time that its requests take on average.
      span_s_(shape.duration_s > 0 ? shape.duration_s
                                   : shape.conversations_max / (shape.rate * mean_of(shape.pattern))),
      arrivals_(is_poisson_ ? 0 : -1),
      random_(shape.seed) {}

double ArrivalTimes::next() {
  // Exponential steps of the expected count, mapped to times, are a Poisson process of any rate. The standard's own
  // distributions differ between libraries.
  const double unit = static_cast<double>(random_() >> 11) * 0x1p-53;
  arrivals_ += is_poisson_ ? -std::log1p(-unit) : 1;
  return time_of(arrivals_);
}

// The inverse of the expected number of arrivals until a time.
double ArrivalTimes::time_of(double arrivals) const {
  const double steady_s = arrivals / rate_;
  if (pattern_ == LoadPattern::ramp) {
    return steady_s < span_s_ / 2 ? std::sqrt(2 * span_s_ * steady_s) : steady_s + span_s_ / 2;
  }
  if (pattern_ != LoadPattern::spike) return steady_s;
  const double spike_s = (kSpikeEnd - kSpikeBegin) * span_s_;
  const double over_s = std::clamp(steady_s - kSpikeBegin * span_s_, 0.0, kSpikeFactor * spike_s);
  return steady_s - over_s + over_s / kSpikeFactor;
}

}  // namespace estoc
