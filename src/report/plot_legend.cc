#include "report/plot_legend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/utf8.h"
#include "report/markup.h"

namespace estoc {
namespace {

// Okabe and Ito's palette without its yellow, which is lost on white.
constexpr std::string_view kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1f2933"};
constexpr std::string_view kSoft = "#5b6670";
constexpr double kRowHeight = 20, kSampleWidth = 30, kGap = 22, kCharWidth = 6.9;
constexpr size_t kNameCharsMax = 40;

struct Entry {
  std::string sample;  // drawn from 0 to kSampleWidth, around y = 0
  std::string name;
};

std::string with_title(std::string_view element, std::string_view attributes, std::string_view label) {
  if (label.empty()) return fmt::format("<{} {}/>", element, attributes);
  return fmt::format("<{} {}><title>{}</title></{}>", element, attributes, escape_markup(label), element);
}

// Whole characters, at most kNameCharsMax of them.
std::string shortened(std::string_view text) {
  std::string out;
  size_t chars = 0;
  while (!text.empty()) {
    if (++chars > kNameCharsMax) return out + "…";
    const int bytes = utf8_sequence_bytes(text);
    out += text.substr(0, static_cast<size_t>(std::max(bytes, 1)));
    text.remove_prefix(static_cast<size_t>(std::max(bytes, 1)));
  }
  return out;
}

std::string stroke_sample(std::string_view colour, bool is_dashed) {
  return fmt::format(R"(<path d="M0 0H{}" stroke="{}" stroke-width="2.2"{}/>)", kSampleWidth, colour,
                     is_dashed ? R"( stroke-dasharray="6 4")" : "");
}

std::vector<Entry> entries_of(const Plot& plot) {
  std::vector<Entry> entries;
  std::vector<std::string> seen;
  bool has_cross = false;
  for (const PlotLine& line : plot.lines) {
    for (const PlotPoint& point : line.points) has_cross = has_cross || std::isinf(point.y);
    if (std::ranges::find(seen, line.name) != seen.end()) continue;
    seen.push_back(line.name);
    entries.push_back(
        {stroke_sample(plot_colour(line.style), false) + plot_marker(line.style, false, kSampleWidth / 2, 0, ""),
         shortened(line.name)});
  }
  if (!plot.solid_name.empty()) entries.push_back({stroke_sample(kSoft, false), plot.solid_name});
  if (!plot.dashed_name.empty()) entries.push_back({stroke_sample(kSoft, true), plot.dashed_name});
  if (has_cross) entries.push_back({plot_cross(6, kSampleWidth / 2, 0, ""), "no answer"});
  return entries;
}

}  // namespace

PlotLegend plot_legend(const Plot& plot, double width) {
  PlotLegend legend;
  double x = 0, y = kRowHeight / 2;
  for (const Entry& entry : entries_of(plot)) {
    const auto chars =
        static_cast<double>(std::ranges::count_if(entry.name, [](char c) { return (c & 0xC0) != 0x80; }));
    const double needed = kSampleWidth + 7 + chars * kCharWidth;
    if (x > 0 && x + needed > width) {
      x = 0;
      y += kRowHeight;
    }
    legend.svg +=
        fmt::format(
            R"svg(<g transform="translate({:.1f},{:.1f})">{}<text x="{}" y="4.3" fill="#1f2933">{}</text></g>)svg", x,
            y, entry.sample, kSampleWidth + 7, escape_markup(entry.name)) +
        "\n";
    x += needed + kGap;
  }
  legend.height = y + kRowHeight / 2;
  return legend;
}

std::string_view plot_colour(int style) { return kColours[static_cast<size_t>(style) % std::size(kColours)]; }

std::string plot_marker(int style, bool is_hollow, double x, double y, std::string_view label) {
  const std::string_view colour = plot_colour(style);
  const std::string paint =
      fmt::format(R"(fill="{}" stroke="{}" stroke-width="1.8")", is_hollow ? "#ffffff" : colour, colour);
  switch (style % 4) {
    case 0:
      return with_title("circle", fmt::format(R"(cx="{:.1f}" cy="{:.1f}" r="4" {})", x, y, paint), label);
    case 1:
      return with_title(
          "rect", fmt::format(R"(x="{:.1f}" y="{:.1f}" width="7.4" height="7.4" {})", x - 3.7, y - 3.7, paint), label);
    case 2:
      return with_title("path", fmt::format(R"(d="M{:.1f} {:.1f}l5 8.4h-10z" {})", x, y - 5.4, paint), label);
    default:
      return with_title("path", fmt::format(R"(d="M{:.1f} {:.1f}l5.2 5.2l-5.2 5.2l-5.2 -5.2z" {})", x, y - 5.2, paint),
                        label);
  }
}

std::string plot_cross(int style, double x, double y, std::string_view label) {
  return with_title("path",
                    fmt::format(R"(d="M{:.1f} {:.1f}l8 8m0 -8l-8 8" stroke="{}" stroke-width="2.4" fill="none")", x - 4,
                                y - 4, plot_colour(style)),
                    label);
}

}  // namespace estoc
