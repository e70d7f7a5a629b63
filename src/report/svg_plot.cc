#include "report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "report/markup.h"
#include "report/plot_axis.h"
#include "report/plot_legend.h"

namespace estoc {
namespace {

constexpr double kWidth = 640, kHeight = 420;
constexpr double kLeft = 84, kRight = 22, kBottom = 52;
constexpr double kTitleBaseline = 26, kLegendTop = 40, kCrossRow = 13;
constexpr double kTickSpaceMin = 36;
constexpr int kXTicks = 8, kYTicks = 6;
constexpr std::string_view kInk = "#1f2933", kSoft = "#5b6670", kGrid = "#e3e7eb", kFrame = "#9aa5b1";
constexpr std::string_view kFont =
    "system-ui, -apple-system, &quot;Segoe UI&quot;, &quot;Liberation Sans&quot;, Arial, sans-serif";

// The largest and smallest that is drawn.
struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = 0;

  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return !std::isfinite(low); }
};

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot), legend_(plot_legend(plot, kWidth - kLeft - kRight)) {
    Extent x, y;
    for (const PlotLine& line : plot.lines) {
      for (const PlotPoint& point : line.points) {
        x.add(point.x);
        if (is_drawable(point.y)) y.add(point.y);
        const bool is_new = std::ranges::find(crossed_, line.style) == crossed_.end();
        if (std::isinf(point.y) && is_new) crossed_.push_back(line.style);
      }
    }
    is_empty_ = y.is_empty();
    if (plot.limit > 0) y.add(plot.limit);
    x_ = load_axis(x);
    if (plot.is_seconds) {
      y_ = y.is_empty() ? seconds_axis(0.01, 10) : seconds_axis(y.low * 0.97, y.high * 1.03);
    } else {
      y_ = linear_axis(y.high, kYTicks);
    }
    top_ = kLegendTop + legend_.height + 12 + kCrossRow * static_cast<double>(crossed_.size());
  }

  std::string svg() {
    out_ = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}" font-family="{3}" font-size="12.5">)"
        "\n",
        kWidth, kHeight, escape_markup(plot_.title), kFont);
    add(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", kWidth, kHeight);
    add_text(kLeft, kTitleBaseline, "start", kInk, plot_.title, R"( font-size="16" font-weight="600")");
    add("<g transform='translate({},{})'>\n{}</g>", kLeft, kLegendTop, legend_.svg);
    draw_axes();
    draw_references();
    for (const bool is_dashed : {true, false}) {
      for (const PlotLine& line : plot_.lines) {
        if (line.is_dashed == is_dashed) draw_line(line);
      }
    }
    if (is_empty_) {
      add_text((kLeft + kWidth - kRight) / 2, (top_ + kHeight - kBottom) / 2, "middle", kSoft,
               "no request was answered", "");
    }
    return out_ + "</svg>\n";
  }

 private:
  // A logarithmic axis has no place for zero.
  bool is_drawable(double y) const { return std::isfinite(y) && (!plot_.is_seconds || y > 0); }
  // Ends a little behind the last point, with its ticks at the points where they leave room for their labels.
  Axis load_axis(const Extent& x) const {
    Axis axis = linear_axis(x.high, kXTicks);
    if (x.is_empty() || !(x.high > 0)) return axis;
    axis.high = x.high * 1.04;
    axis.is_log = plot_.is_log_x && x.low > 0;
    if (axis.is_log) axis = {.low = x.low / 1.25, .high = x.high * 1.25, .is_log = true, .ticks = {}};
    std::vector<double> values;
    if (!axis.is_log) values.push_back(0);
    for (const PlotLine& line : plot_.lines) {
      for (const PlotPoint& point : line.points) values.push_back(point.x);
    }
    std::ranges::sort(values);
    const auto is_crowded = [&](double a, double b) {
      return (axis.share(b) - axis.share(a)) * (kWidth - kLeft - kRight) < kTickSpaceMin;
    };
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
    if (axis.is_log) {
      const auto too_near = std::ranges::unique(values, is_crowded);
      values.erase(too_near.begin(), too_near.end());
    } else if (std::ranges::adjacent_find(values, is_crowded) != values.end()) {
      return axis;
    }
    axis.ticks.clear();
    for (const double value : values) axis.ticks.push_back({value, fmt::format("{:.4g}", value)});
    return axis;
  }
  double at_x(double value) const { return kLeft + x_.share(value) * (kWidth - kLeft - kRight); }
  double at_y(double value) const { return kHeight - kBottom - y_.share(value) * (kHeight - kBottom - top_); }

  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  void add_text(double x, double y, std::string_view anchor, std::string_view colour, std::string_view text,
                std::string_view attributes) {
    add(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}"{}>{}</text>)", x, y, anchor, colour, attributes,
        escape_markup(text));
  }

  void draw_axes() {
    const double right = kWidth - kRight, bottom = kHeight - kBottom;
    for (const AxisTick& tick : y_.ticks) {
      const double y = at_y(tick.value);
      add(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke="{}"/>)", kLeft, y, right, kGrid);
      if (!tick.label.empty()) add_text(kLeft - 9, y + 4.3, "end", kSoft, tick.label, "");
    }
    for (const AxisTick& tick : x_.ticks) {
      if (tick.value > x_.high * (1 + 1e-9)) continue;
      const double x = at_x(tick.value);
      add(R"(<path d="M{:.1f} {:.1f}v5" stroke="{}"/>)", x, bottom, kFrame);
      add_text(x, bottom + 19, "middle", kSoft, tick.label, "");
    }
    add(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke="{}"/>)", kLeft, bottom, right, kFrame);
    add_text((kLeft + right) / 2, kHeight - 12, "middle", kInk, plot_.x_title, "");
    add_text(0, 0, "middle", kInk, plot_.y_title,
             fmt::format(" transform='translate(16,{:.1f}) rotate(-90)'", (top_ + bottom) / 2));
  }

  void draw_references() {
    if (!plot_.diagonal_name.empty() && !x_.is_log && !y_.is_log) {
      const double end = std::min(x_.high, y_.high);
      add(R"(<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" stroke-width="1.5" stroke-dasharray="1 4" stroke-linecap="round"/>)",
          at_x(0), at_y(0), at_x(end), at_y(end), kSoft);
      add_text(at_x(end) - 12, at_y(end) + 4, "end", kSoft, plot_.diagonal_name, R"( font-style="italic")");
    }
    if (plot_.limit > 0) {
      const double y = at_y(plot_.limit);
      add(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke="{}" stroke-width="1.5" stroke-dasharray="9 3 2 3"/>)", kLeft, y,
          kWidth - kRight, kInk);
      add_text(kLeft + 7, y - 5, "start", kInk, plot_.limit_name, R"( font-style="italic")");
    }
  }

  void draw_line(const PlotLine& line) {
    std::string path;
    bool is_joined = false;
    for (const PlotPoint& point : line.points) {
      if (is_drawable(point.y)) {
        path += fmt::format("{}{:.1f} {:.1f}", is_joined ? 'L' : 'M', at_x(point.x), at_y(point.y));
      }
      is_joined = is_drawable(point.y);
    }
    if (!path.empty()) {
      add(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2.2" stroke-linejoin="round"{}/>)", path,
          plot_colour(line.style), line.is_dashed ? R"( stroke-dasharray="6 4")" : "");
    }
    for (const PlotPoint& point : line.points) {
      if (is_drawable(point.y)) {
        out_ += plot_marker(line.style, line.is_dashed, at_x(point.x), at_y(point.y), point.label) + "\n";
      } else if (std::isinf(point.y)) {
        const auto row = std::ranges::find(crossed_, line.style) - crossed_.begin();
        const double y = top_ - kCrossRow * (static_cast<double>(row) + 0.6);
        out_ += plot_cross(line.style, at_x(point.x), y, point.label) + "\n";
      }
    }
  }

  const Plot& plot_;
  PlotLegend legend_;
  Axis x_, y_;
  double top_ = 0;
  std::vector<int> crossed_;  // styles with a cross: each has a row above the axes
  bool is_empty_ = false;
  std::string out_;
};

}  // namespace

std::string svg_plot(const Plot& plot) { return Drawing(plot).svg(); }

}  // namespace estoc
