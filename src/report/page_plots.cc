#include "report/page_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "report/plot_axis.h"

namespace estoc {
namespace {

using Value = double (*)(const PointSummary&);

// The number in "16 users".
std::optional<double> users_of(const PointSummary& point) {
  int users = 0;
  const char* end = point.load.data() + point.load.size();
  const auto [stop, error] = std::from_chars(point.load.data(), end, users);
  if (error != std::errc() || !std::string_view(stop, end).starts_with(" user")) return std::nullopt;
  return users;
}

struct LoadAxis {
  std::string title;
  Value value;
  bool is_offered = false, is_log = false;
};

LoadAxis load_axis(const std::vector<PointSummary>& points) {
  const auto has_rate = [](const PointSummary& point) { return point.offered_rps > 0; };
  const auto has_users = [](const PointSummary& point) { return users_of(point).has_value(); };
  if (std::ranges::all_of(points, has_users)) {
    return {"users at once", [](const PointSummary& point) { return *users_of(point); }, false, true};
  }
  if (std::ranges::all_of(points, has_rate)) {
    return {"offered load, requests/s", [](const PointSummary& point) { return point.offered_rps; }, true};
  }
  return {"requests answered per second", [](const PointSummary& point) { return point.done_rps; }};
}

// What was not measured because nothing was answered is no zero.
double latency(const PointSummary& point, double seconds) {
  return point.ok > 0 ? seconds : std::numeric_limits<double>::infinity();
}

class PlotMaker {
 public:
  explicit PlotMaker(const std::vector<PointSummary>& points)
      : points_(points), servers_(server_names(points)), axis_(load_axis(points)) {}

  Plot latencies(std::string title, std::string dashed_name, Value solid, Value dashed, double limit) const {
    Plot plot = empty(std::move(title), "logarithmic scale");
    plot.is_seconds = true;
    plot.solid_name = "median";
    plot.dashed_name = std::move(dashed_name);
    plot.limit = limit;
    if (limit > 0) plot.limit_name = "target " + format_seconds(limit);
    for (size_t s = 0; s < servers_.size(); ++s) {
      plot.lines.push_back(line(s, false, solid, plot.solid_name, true));
      plot.lines.push_back(line(s, true, dashed, plot.dashed_name, true));
      // One cross a point is enough.
      std::erase_if(plot.lines.back().points, [](const PlotPoint& point) { return point.y > 1e300; });
    }
    return plot;
  }

  Plot rates(std::string title, std::string unit, Value value, bool has_diagonal) const {
    Plot plot = empty(std::move(title), unit);
    if (has_diagonal && axis_.is_offered) plot.diagonal_name = "all that is offered";
    for (size_t s = 0; s < servers_.size(); ++s) plot.lines.push_back(line(s, false, value, unit, false));
    return plot;
  }

 private:
  Plot empty(std::string title, std::string y_title) const {
    Plot plot;
    plot.title = std::move(title);
    plot.x_title = axis_.title;
    plot.is_log_x = axis_.is_log;  // 1, 4, 16, 64 users
    plot.y_title = std::move(y_title);
    return plot;
  }

  PlotLine line(size_t server, bool is_dashed, Value value, const std::string& what, bool is_seconds) const {
    PlotLine line{.name = servers_[server], .style = static_cast<int>(server), .is_dashed = is_dashed, .points = {}};
    for (const PointSummary& point : points_) {
      if (point.server != servers_[server]) continue;
      const double y = value(point);
      std::string shown = is_seconds ? what + " " + format_seconds(y) : fmt::format("{:.4g} {}", y, what);
      if (y > 1e300) shown = "no answer";
      line.points.push_back({axis_.value(point), y, fmt::format("{}, {}: {}", point.server, point.load, shown)});
    }
    std::ranges::stable_sort(line.points, {}, &PlotPoint::x);
    return line;
  }

  const std::vector<PointSummary>& points_;
  std::vector<std::string> servers_;
  LoadAxis axis_;
};

}  // namespace

std::vector<std::string> server_names(const std::vector<PointSummary>& points) {
  std::vector<std::string> names;
  for (const PointSummary& point : points) {
    if (std::ranges::find(names, point.server) == names.end()) names.push_back(point.server);
  }
  return names;
}

std::vector<ReportPlot> report_plots(const std::vector<PointSummary>& points, const Slo& slo) {
  using Point = const PointSummary&;
  const PlotMaker make(points);
  const std::string p99 = "99th percentile";
  std::vector<ReportPlot> plots;
  plots.push_back({"ttft", make.latencies(
                               "Time to first token", p99, [](Point p) { return latency(p, p.ttft_s.p50); },
                               [](Point p) { return latency(p, p.ttft_s.p99); }, slo.ttft_s)});
  plots.push_back({"tbt", make.latencies(
                              "Time between tokens", p99, [](Point p) { return latency(p, p.tbt_s.p50); },
                              [](Point p) { return latency(p, p.tbt_s.p99); }, slo.tbt_s)});
  plots.push_back({"stall", make.latencies(
                                "Longest pause within an answer", "worst of all",
                                [](Point p) { return latency(p, p.gap_max_s.p50); },
                                [](Point p) { return latency(p, p.gap_max_s.max); }, 0)});
  plots.push_back({"e2e", make.latencies(
                              "Time to the whole answer", p99, [](Point p) { return latency(p, p.e2e_s.p50); },
                              [](Point p) { return latency(p, p.e2e_s.p99); }, 0)});
  plots.push_back({"done", make.rates("Requests answered", "requests/s", [](Point p) { return p.done_rps; }, true)});
  if (slo.ttft_s > 0 || slo.tbt_s > 0) {
    plots.push_back({"goodput", make.rates(
                                    "Goodput: answered within the targets", "requests/s",
                                    [](Point p) { return p.goodput_rps; }, true)});
  } else {
    plots.push_back({"tokens", make.rates("Tokens written", "tokens/s", [](Point p) { return p.output_tps; }, false)});
  }
  return plots;
}

}  // namespace estoc
