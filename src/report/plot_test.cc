#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "report/markup.h"
#include "report/plot_axis.h"
#include "report/plot_legend.h"
#include "report/svg_plot.h"
#include "report/test_markup.h"

namespace estoc {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kCross = std::numeric_limits<double>::infinity();

std::string labels(const Axis& axis) {
  std::string text;
  for (const AxisTick& tick : axis.ticks) text += tick.label + "|";
  return text;
}

Plot one_line(std::vector<PlotPoint> points) {
  Plot plot;
  plot.title = "T";
  plot.is_seconds = true;
  plot.lines = {{.name = "a", .style = 0, .is_dashed = false, .points = std::move(points)}};
  return plot;
}

size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The d attribute of the line's own path.
std::string path_of(const std::string& svg) {
  const size_t end = svg.find("\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2.2\"");
  if (end == svg.npos) return "";
  const size_t begin = svg.rfind("d=\"", end) + 3;
  return svg.substr(begin, end - begin);
}

TEST(PlotAxis, Linear) {
  EXPECT_EQ(labels(linear_axis(2.4, 8)), "0|0.5|1|1.5|2|2.5|");
  EXPECT_EQ(labels(linear_axis(2, 6)), "0|0.5|1|1.5|2|");
  EXPECT_EQ(labels(linear_axis(0.3, 6)), "0|0.05|0.1|0.15|0.2|0.25|0.3|");
  EXPECT_EQ(labels(linear_axis(1234, 6)), "0|500|1000|1500|");
  EXPECT_EQ(linear_axis(1234, 6).high, 1500);
  for (const double nothing : {0.0, -1.0, kNone, kCross}) EXPECT_EQ(linear_axis(nothing, 5).high, 1);
  for (double high = 1e-4; high < 1e6; high *= 1.37) {
    const Axis axis = linear_axis(high, 7);
    EXPECT_GE(axis.high, high * (1 - 1e-9));
    EXPECT_LE(axis.high, high * 2);
    EXPECT_LE(axis.ticks.size(), 8u);
    EXPECT_EQ(axis.share(axis.high), 1);
  }
}

TEST(PlotAxis, Seconds) {
  EXPECT_EQ(labels(seconds_axis(0.23, 12)), "200 ms|500 ms|1 s|2 s|5 s|10 s|20 s|");
  EXPECT_EQ(labels(seconds_axis(0.2, 2)), "200 ms|500 ms|1 s|2 s|");
  EXPECT_EQ(labels(seconds_axis(0.11, 0.19)), "100 ms|150 ms|200 ms|");
  EXPECT_EQ(labels(seconds_axis(1, 1)), "1 s|1.5 s|");
  EXPECT_EQ(labels(seconds_axis(0.0007, 0.003)), "0.5 ms|1 ms|2 ms|5 ms|");
  EXPECT_EQ(labels(seconds_axis(0.004, 300)), "||10 ms|||100 ms|||1 s|||10 s|||100 s|||");
  for (double low = 1e-5; low < 1e3; low *= 1.7) {
    for (const double ratio : {1.0, 1.5, 8.0, 1e4}) {
      const Axis axis = seconds_axis(low, low * ratio);
      EXPECT_LE(axis.low, low * (1 + 1e-6));
      EXPECT_GT(axis.low * 2.6, low);
      EXPECT_GE(axis.high, low * ratio * (1 - 1e-6));
      EXPECT_LT(axis.high, std::max(low * ratio * 2.6, axis.low * 2.6));
    }
  }
}

TEST(PlotAxis, SecondsAsText) {
  EXPECT_EQ(format_seconds(0.25), "250 ms");
  EXPECT_EQ(format_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(format_seconds(0.9999), "1 s");
  EXPECT_EQ(format_seconds(1.5), "1.5 s");
  EXPECT_EQ(format_seconds(123.4), "123 s");
  EXPECT_EQ(format_seconds(0), "0 ms");
}

TEST(Markup, Escapes) {
  EXPECT_EQ(escape_markup("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_markup("Bergström 日本 🙂"), "Bergström 日本 🙂");
  EXPECT_EQ(escape_markup(std::string_view("a\0b\x1b", 4)), "a\uFFFDb\uFFFD");
  EXPECT_EQ(escape_markup("\xff\xc3"), "\uFFFD\uFFFD");
}

TEST(SvgPlot, ADecadeIsAlwaysAsHigh) {
  double x[3], y[3];
  const std::string path = path_of(svg_plot(one_line({{1, 0.1, ""}, {2, 1, ""}, {3, 10, ""}})));
  ASSERT_EQ(std::sscanf(path.c_str(), "M%lf %lfL%lf %lfL%lf %lf", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2]), 6) << path;
  EXPECT_NEAR(y[0] - y[1], y[1] - y[2], 0.21);
  EXPECT_GT(y[0] - y[1], 50);
  EXPECT_NEAR(x[1] - x[0], x[2] - x[1], 0.21);
  EXPECT_GT(x[1] - x[0], 100);
}

TEST(SvgPlot, WhatWasNotMeasuredBreaksTheLine) {
  const std::string svg = svg_plot(one_line(
      {{1, 0.1, ""}, {2, kNone, ""}, {3, 0.2, ""}, {4, 0, ""}, {5, 0.3, ""}, {6, 0.4, ""}, {7, kCross, "gone"}}));
  const std::string path = path_of(svg);
  EXPECT_EQ(count_of(path, "M"), 3u) << path;
  EXPECT_EQ(count_of(path, "L"), 1u) << path;
  EXPECT_EQ(count_of(svg, "<title>gone</title>"), 1u);
  EXPECT_EQ(count_of(svg, "no answer"), 1u);
  EXPECT_EQ(count_of(svg, "no request was answered"), 0u);
  EXPECT_EQ(svg.find("nan"), svg.npos);
  EXPECT_EQ(svg.find("inf"), svg.npos);
  MarkupReader reader(svg);
  EXPECT_EQ(reader.complaint(), "");
  EXPECT_EQ(reader.count("circle"), 5u);  // four points and the legend's sample
}

TEST(SvgPlot, NothingAtAll) {
  for (Plot plot : {one_line({}), one_line({{1, kCross, ""}}), one_line({{0, kNone, ""}}), Plot{}}) {
    for (const bool is_seconds : {false, true}) {
      plot.is_seconds = is_seconds;
      plot.limit = is_seconds ? 0.5 : 0;
      plot.diagonal_name = "all";
      const std::string svg = svg_plot(plot);
      MarkupReader reader(svg);
      EXPECT_EQ(reader.complaint(), "");
      EXPECT_EQ(count_of(svg, "no request was answered"), 1u);
      EXPECT_EQ(svg.find("nan"), svg.npos) << svg;
      EXPECT_EQ(svg.find("inf"), svg.npos) << svg;
    }
  }
}

TEST(SvgPlot, TicksStandAtThePointsWhereThereIsRoom) {
  const std::string svg = svg_plot(one_line({{0.4, 1, ""}, {0.8, 1, ""}, {2.4, 1, ""}}));
  EXPECT_EQ(count_of(svg, ">0.8</text>"), 1u);
  EXPECT_EQ(count_of(svg, ">2.4</text>"), 1u);
  const std::string crowded = svg_plot(one_line({{0.4, 1, ""}, {0.41, 1, ""}, {2.4, 1, ""}}));
  EXPECT_EQ(count_of(crowded, ">0.41</text>"), 0u);
  EXPECT_EQ(count_of(crowded, ">0.5</text>"), 1u);
}

TEST(SvgPlot, HostileNamesAreText) {
  Plot plot = one_line({{1, 1, "<script>&\"'"}});
  plot.title = "</svg><script>alert(1)</script>";
  plot.lines[0].name = "<b>\x01\xff" + std::string(300, '<');
  plot.limit = 2;
  plot.limit_name = "& < >";
  const std::string svg = svg_plot(plot);
  MarkupReader reader(svg);
  EXPECT_EQ(reader.complaint(), "");
  EXPECT_EQ(reader.count("script"), 0u);
}

TEST(PlotLegend, WrapsLongNames) {
  Plot plot;
  for (int i = 0; i < 9; ++i) {
    plot.lines.push_back(
        {.name = std::to_string(i) + std::string(60, 'x'), .style = i, .is_dashed = false, .points = {}});
  }
  const PlotLegend legend = plot_legend(plot, 540);
  EXPECT_GT(legend.height, 5 * 20.0);
  EXPECT_EQ(legend.svg.find(std::string(41, 'x')), legend.svg.npos);
  EXPECT_EQ(count_of(legend.svg, "…"), 9u);
}

// The checker itself must refuse what is broken.
TEST(MarkupReader, Refuses) {
  for (const char* broken : {"<a><b></a></b>", "<a>", "<a x=1/>", "<a x='1' x='2'/>", "<a>&nbsp;</a>", "<a>&</a>",
                             "text", "<a x=\"<\"/>", "</a>", "<a x/>", "<a\n>\x01</a>", "<a>\xff</a>"}) {
    EXPECT_NE(MarkupReader(broken).complaint(), "") << broken;
  }
  EXPECT_EQ(MarkupReader("<a x='1' y=\"&lt;\"><b/>t&amp;</a>\n").complaint(), "");
}

}  // namespace
}  // namespace estoc
