#include "report/plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.h"

namespace estoc {
namespace {

constexpr double kSteps[] = {1, 2, 5};
constexpr double kFineSteps[] = {1, 1.5, 2, 3, 4, 5, 6, 8};
constexpr double kSlack = 1e-9;  // of rounding: 0.1 * 3 is at most 0.3
constexpr int kLabelsMax = 10;

// The steps times powers of ten, from the last at or below `low` to the first at or above `high`; two at least.
std::vector<double> round_numbers(std::span<const double> steps, double low, double high) {
  // They are counted through: of 1, 2 and 5, number 0 is 1, 1 is 2, 2 is 5, 3 is 10 and -1 is 0.5.
  const int size = static_cast<int>(steps.size());
  const auto number = [&](int n) {
    const int power = n >= 0 ? n / size : (n - size + 1) / size;
    return steps[static_cast<size_t>(n - size * power)] * std::pow(10, power);
  };
  int first = size * static_cast<int>(std::floor(std::log10(low)));
  while (number(first) > low * (1 + kSlack)) --first;
  while (number(first + 1) <= low * (1 + kSlack)) ++first;
  std::vector<double> values = {number(first)};
  for (int n = first + 1; values.size() < 2 || values.back() < high * (1 - kSlack); ++n) values.push_back(number(n));
  return values;
}

}  // namespace

double Axis::share(double value) const {
  if (is_log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

Axis linear_axis(double high, int ticks) {
  if (!(high > 0) || !std::isfinite(high)) high = 1;
  const double power = std::pow(10, std::floor(std::log10(high / ticks)));
  double step = 10 * power;
  for (const double candidate : {5.0, 2.0, 1.0}) {
    if (candidate * power * ticks >= high * (1 - kSlack)) step = candidate * power;
  }
  Axis axis;
  const int count = std::max(1, static_cast<int>(std::ceil(high / step * (1 - kSlack))));
  for (int i = 0; i <= count; ++i) axis.ticks.push_back({i * step, fmt::format("{:.6g}", i * step)});
  axis.high = count * step;
  return axis;
}

Axis seconds_axis(double low, double high) {
  ESTOC_CHECK(low > 0 && high >= low);
  std::vector<double> values = round_numbers(kSteps, low, high);
  if (values.size() < 4) values = round_numbers(kFineSteps, low, high);
  Axis axis{.low = values.front(), .high = values.back(), .is_log = true, .ticks = {}};
  const bool has_all_labels = values.size() <= kLabelsMax;
  for (const double value : values) {
    const double digits = std::log10(value);
    const bool is_power = std::fabs(digits - std::round(digits)) < kSlack;
    axis.ticks.push_back({value, has_all_labels || is_power ? format_seconds(value) : ""});
  }
  return axis;
}

std::string format_seconds(double seconds) {
  const bool is_ms = seconds < 0.9995;
  const double value = is_ms ? seconds * 1000 : seconds;
  if (value >= 99.95) return fmt::format("{:.0f} {}", value, is_ms ? "ms" : "s");
  return fmt::format("{:.3g} {}", value, is_ms ? "ms" : "s");
}

}  // namespace estoc
