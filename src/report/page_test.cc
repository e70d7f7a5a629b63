#include "report/page.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/page_plots.h"
#include "report/test_markup.h"

namespace estoc {
namespace {

PointSummary answered(std::string server, double rate, double ttft_s) {
  PointSummary point{};
  point.server = std::move(server);
  point.load = std::to_string(rate).substr(0, 3) + " req/s";
  point.offered_rps = rate;
  point.duration_s = 60;
  point.sent = point.ok = 40;
  point.done_rps = rate * 0.9;
  point.goodput_rps = rate * 0.5;
  point.output_tps = 64 * rate;
  point.ttft_s = {ttft_s, ttft_s, ttft_s, ttft_s, 2 * ttft_s, 3 * ttft_s};
  point.tbt_s = {0.05, 0.04, 0.06, 0.07, 0.1234, 0.2};
  point.gap_max_s = point.tpot_s = point.tbt_s;
  point.e2e_s = {4, 4, 5, 6, 7, 8};
  point.prompt_tokens = 1000;
  point.cached_tokens = 250;
  point.output_tokens = 2560;
  return point;
}

PointSummary unanswered(std::string server, double rate) {
  PointSummary point{};
  point.server = std::move(server);
  point.load = "9.9 req/s";
  point.offered_rps = rate;
  point.sent = 10;
  point.refused = 4;
  point.failed = 6;
  return point;
}

const Plot& plot_named(const std::vector<ReportPlot>& plots, std::string_view name) {
  for (const ReportPlot& one : plots) {
    if (one.name == name) return one.plot;
  }
  throw std::runtime_error("no plot " + std::string(name));
}

TEST(ReportPlots, AMedianAndATailForEveryServer) {
  const auto plots =
      report_plots({answered("b", 0.8, 0.3), answered("a", 0.4, 1), answered("b", 0.4, 0.2), unanswered("a", 0.8)},
                   {.ttft_s = 0.5, .tbt_s = 0});
  const Plot& ttft = plot_named(plots, "ttft");
  ASSERT_EQ(ttft.lines.size(), 4u);
  EXPECT_EQ(ttft.limit, 0.5);
  EXPECT_EQ(ttft.x_title, "offered load, requests/s");
  EXPECT_EQ(ttft.lines[0].name, "b");
  EXPECT_FALSE(ttft.lines[0].is_dashed);
  EXPECT_TRUE(ttft.lines[1].is_dashed);
  EXPECT_EQ(ttft.lines[0].style, ttft.lines[1].style);
  EXPECT_NE(ttft.lines[0].style, ttft.lines[2].style);
  ASSERT_EQ(ttft.lines[0].points.size(), 2u);  // in order of load, whatever the order of measurement
  EXPECT_EQ(ttft.lines[0].points[0].x, 0.4);
  EXPECT_EQ(ttft.lines[0].points[0].y, 0.2);
  EXPECT_EQ(ttft.lines[0].points[1].y, 0.3);
  EXPECT_EQ(ttft.lines[1].points[1].y, 0.6);
  ASSERT_EQ(ttft.lines[2].points.size(), 2u);
  EXPECT_TRUE(std::isinf(ttft.lines[2].points[1].y));
  EXPECT_EQ(ttft.lines[3].points.size(), 1u);  // one cross a point
  EXPECT_EQ(plot_named(plots, "tbt").lines[1].points[0].y, 0.1234);
  EXPECT_EQ(plot_named(plots, "tbt").limit, 0);
  EXPECT_EQ(plot_named(plots, "stall").lines[1].points[0].y, 0.2);
  EXPECT_EQ(plot_named(plots, "done").lines[1].points[1].y, 0);
  EXPECT_DOUBLE_EQ(plot_named(plots, "goodput").lines[0].points[1].y, 0.4);
}

TEST(ReportPlots, WhatStandsBelow) {
  PointSummary users = answered("a", 1, 1);
  users.load = "16 users";
  PointSummary one_user = answered("a", 1, 1);
  one_user.load = "1 user";
  const auto closed = report_plots({one_user, users}, {});
  EXPECT_EQ(plot_named(closed, "ttft").x_title, "users at once");
  EXPECT_EQ(plot_named(closed, "ttft").lines[0].points[1].x, 16);
  EXPECT_TRUE(plot_named(closed, "ttft").is_log_x);
  EXPECT_EQ(plot_named(closed, "done").diagonal_name, "");
  EXPECT_EQ(plot_named(closed, "tokens").lines.size(), 1u);  // no targets, so no goodput

  users.offered_rps = 0;
  const auto both = report_plots({users, answered("a", 1, 1)}, {});
  EXPECT_EQ(plot_named(both, "ttft").x_title, "requests answered per second");
  EXPECT_EQ(plot_named(both, "ttft").lines[0].points[0].x, 0.9);
}

TEST(HtmlReport, IsOneWholePage) {
  const std::vector<PointSummary> points = {answered("estoc", 0.4, 0.2), answered("other", 0.4, 1),
                                            unanswered("other", 0.8)};
  const std::string html =
      html_report(points, {"Sweep", "2 cores", "estoc bench serve --rate 0.4,0.8", {.ttft_s = 1, .tbt_s = 0.25}});
  MarkupReader reader(html);
  EXPECT_EQ(reader.complaint(), "");
  EXPECT_EQ(reader.count("svg"), 6u);
  EXPECT_EQ(reader.count("script"), 0u);
  EXPECT_EQ(reader.count("link"), 0u);
  EXPECT_EQ(reader.count("img"), 0u);
  EXPECT_EQ(reader.count("tbody"), 2u);  // one a server
  EXPECT_NE(html.find("estoc bench serve --rate 0.4,0.8"), html.npos);
  EXPECT_NE(html.find("first token within 1 s, time between tokens within 250 ms"), html.npos);
  EXPECT_NE(html.find("<td>123</td>"), html.npos) << "the gaps' p99 in milliseconds";
  EXPECT_NE(html.find("25 %"), html.npos);
  EXPECT_NE(html.find("<td class=\" bad\">6</td>"), html.npos);
  // Nothing but the namespace of SVG names another place.
  for (size_t at = html.find("http"); at != html.npos; at = html.find("http", at + 1)) {
    EXPECT_TRUE(html.substr(at).starts_with("http://www.w3.org/2000/svg\""));
  }
}

TEST(HtmlReport, SurvivesNoSuccessAndNoPoint) {
  for (const std::vector<PointSummary>& points :
       {std::vector<PointSummary>{}, {unanswered("a", 1)}, {PointSummary{}}}) {
    const std::string html = html_report(points, {"T", "", "", {}});
    EXPECT_EQ(MarkupReader(html).complaint(), "");
    EXPECT_EQ(html.find("nan"), html.npos);
    EXPECT_EQ(html.find("inf"), html.npos);
    EXPECT_EQ(html.find("goodput"), html.npos);
  }
}

TEST(HtmlReport, HostileNamesAreText) {
  PointSummary point = answered("<script>alert('x')</script>\x02\xfe", 0.4, 1);
  point.load = "\"><img src=x>";
  const std::string html = html_report({point}, {"</title><script>", "<&>", "--x '<b>'", {}});
  MarkupReader reader(html);
  EXPECT_EQ(reader.complaint(), "");
  EXPECT_EQ(reader.count("script") + reader.count("img") + reader.count("b"), 0u);
  EXPECT_NE(html.find("&lt;/title&gt;&lt;script&gt;"), html.npos);
}

}  // namespace
}  // namespace estoc
