#include "report/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/markup.h"
#include "report/page_plots.h"
#include "report/plot_axis.h"

namespace estoc {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1340px; padding: 32px 28px 48px; background: #fff; color: #1f2933;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
h1 { margin: 0 0 6px; font-size: 27px; line-height: 1.2; font-weight: 650; }
h2 { margin: 36px 0 10px; font-size: 18px; font-weight: 650; }
p, dl { margin: 0 0 6px; }
.head { color: #5b6670; }
code { font: 13px/1.5 ui-monospace, "Liberation Mono", Consolas, monospace; overflow-wrap: anywhere;
  background: #f3f5f7; border-radius: 4px; padding: 2px 6px; color: #1f2933; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(540px, 100%), 1fr)); gap: 18px;
  margin: 22px 0 0; }
figure { margin: 0; border: 1px solid #e3e7eb; border-radius: 8px; padding: 8px 6px 4px; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 7px; text-align: right; white-space: nowrap; }
th { font-weight: 600; color: #5b6670; }
thead tr:last-child th { border-bottom: 1.5px solid #9aa5b1; }
thead .group { text-align: center; border-bottom: 1px solid #d5dbe1; color: #1f2933; }
tbody tr:first-child th, tbody tr:first-child td { border-top: 1px solid #c3cad1; }
tbody tr + tr td { border-top: 1px solid #eef1f4; }
tbody th { text-align: left; vertical-align: top; color: #1f2933; white-space: normal; min-width: 90px; }
.left { text-align: left; }
.notes h2 { color: #1f2933; }
.first { border-left: 1px solid #eef1f4; }
.bad { color: #b3400a; font-weight: 650; }
.none { color: #9aa5b1; }
.notes { color: #5b6670; font-size: 13.5px; max-width: 980px; }
dt { float: left; clear: left; width: 150px; font-weight: 600; color: #1f2933; }
dd { margin: 0 0 4px 150px; }
@media print {
  @page { size: A4 landscape; margin: 11mm; }
  body { max-width: none; padding: 0; font-size: 11px; }
  .plots { grid-template-columns: 1fr 1fr 1fr; gap: 6px; margin-top: 10px; }
  h1 { font-size: 19px; }
  h2 { font-size: 14px; margin: 16px 0 6px; }
  code, .notes { font-size: 10px; }
  table { font-size: 8.5px; }
  th, td { padding: 2px 4px; }
  .wide { overflow: visible; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)";

constexpr std::string_view kNotes = R"(<section class="notes">
<h2>How to read this</h2>
<dl>
<dt>Time to first token</dt><dd>from the moment a request was due, not from the moment it could be sent, to the first piece of text that came back.</dd>
<dt>Gaps</dt><dd>between successive pieces of text, all of them of all answers. The worst gap is the longest pause within one answer.</dd>
<dt>Per token</dt><dd>of each answer the time from its first piece of text to its end, divided by the tokens after the first.</dd>
<dt>Refused</dt><dd>status 429 or 503; a failed request got any other error, or none at all within its time.</dd>
<dt>Cached</dt><dd>the share of prompt tokens that the server says it did not have to compute.</dd>
</dl>
</section>
)";

struct Column {
  std::string_view group, title;
  std::string (*cell)(const PointSummary&);
  bool is_goodput = false;
  bool is_alarm = false;  // red unless "0"
};

std::string count(int value) { return fmt::format("{}", value); }
std::string rate(double value) { return fmt::format("{:.2f}", value); }
// Empty: no request was answered.
std::string seconds(const PointSummary& p, double value) { return p.ok > 0 ? fmt::format("{:.2f}", value) : ""; }
std::string millis(const PointSummary& p, double value) {
  if (p.ok == 0) return "";
  return value < 0.00995 ? fmt::format("{:.1f}", value * 1000) : fmt::format("{:.0f}", value * 1000);
}

using Point = const PointSummary&;
constexpr Column kColumns[] = {
    {"Requests", "sent", [](Point p) { return count(p.sent); }},
    {"Requests", "ok", [](Point p) { return count(p.ok); }},
    {"Requests", "refused", [](Point p) { return count(p.refused); }, false, true},
    {"Requests", "failed", [](Point p) { return count(p.failed); }, false, true},
    {"Per second", "done", [](Point p) { return rate(p.done_rps); }},
    {"Per second", "goodput", [](Point p) { return rate(p.goodput_rps); }, true},
    {"Per second", "tokens", [](Point p) { return fmt::format("{:.1f}", p.output_tps); }},
    {"First token, ms", "p50", [](Point p) { return millis(p, p.ttft_s.p50); }},
    {"First token, ms", "p90", [](Point p) { return millis(p, p.ttft_s.p90); }},
    {"First token, ms", "p99", [](Point p) { return millis(p, p.ttft_s.p99); }},
    {"Gaps, ms", "mean", [](Point p) { return millis(p, p.tbt_s.mean); }},
    {"Gaps, ms", "p50", [](Point p) { return millis(p, p.tbt_s.p50); }},
    {"Gaps, ms", "p99", [](Point p) { return millis(p, p.tbt_s.p99); }},
    {"Worst gap, ms", "p50", [](Point p) { return millis(p, p.gap_max_s.p50); }},
    {"Worst gap, ms", "max", [](Point p) { return millis(p, p.gap_max_s.max); }},
    {"Per token, ms", "p50", [](Point p) { return millis(p, p.tpot_s.p50); }},
    {"Per token, ms", "p99", [](Point p) { return millis(p, p.tpot_s.p99); }},
    {"Whole answer, s", "p50", [](Point p) { return seconds(p, p.e2e_s.p50); }},
    {"Whole answer, s", "p99", [](Point p) { return seconds(p, p.e2e_s.p99); }},
    {"Prompts", "cached",
     [](Point p) {
       const auto all = static_cast<double>(p.prompt_tokens);
       return p.prompt_tokens > 0 ? fmt::format("{:.0f} %", 100 * static_cast<double>(p.cached_tokens) / all) : "";
     }},
};

bool begins_group(const std::vector<Column>& columns, size_t c) {
  return c == 0 || columns[c].group != columns[c - 1].group;
}

std::string table_head(const std::vector<Column>& columns) {
  std::string groups = R"(<tr><th colspan="2"></th>)", titles = R"(<tr><th class="left">server</th><th>load</th>)";
  for (size_t c = 0; c < columns.size(); ++c) {
    if (begins_group(columns, c)) {
      const auto width = std::ranges::count(columns, columns[c].group, &Column::group);
      groups += fmt::format(R"(<th class="group first" colspan="{}">{}</th>)", width, columns[c].group);
    }
    titles += fmt::format(R"(<th{}>{}</th>)", begins_group(columns, c) ? R"( class="first")" : "", columns[c].title);
  }
  return "<thead>" + groups + "</tr>\n" + titles + "</tr></thead>\n";
}

std::string table_row(const std::vector<Column>& columns, const PointSummary& point) {
  std::string row = "<td>" + escape_markup(point.load) + "</td>";
  for (size_t c = 0; c < columns.size(); ++c) {
    const std::string cell = columns[c].cell(point);
    std::string classes = begins_group(columns, c) ? "first" : "";
    if (cell.empty()) classes += " none";
    if (columns[c].is_alarm && cell != "0") classes += " bad";
    const std::string attribute = classes.empty() ? "" : " class=\"" + classes + "\"";
    row += fmt::format("<td{}>{}</td>", attribute, cell.empty() ? "–" : cell);
  }
  return row + "</tr>\n";
}

// A group of rows a server.
std::string table(const std::vector<PointSummary>& points, const Slo& slo) {
  std::vector<Column> columns;
  for (const Column& column : kColumns) {
    if (!column.is_goodput || slo.ttft_s > 0 || slo.tbt_s > 0) columns.push_back(column);
  }
  std::string out = "<div class=\"wide\"><table>\n" + table_head(columns);
  for (const std::string& server : server_names(points)) {
    const auto rows = std::ranges::count(points, server, &PointSummary::server);
    out += "<tbody>";
    bool is_first = true;
    for (const PointSummary& point : points) {
      if (point.server != server) continue;
      out += "<tr>";
      if (is_first) out += fmt::format(R"(<th rowspan="{}">{}</th>)", rows, escape_markup(server));
      is_first = false;
      out += table_row(columns, point);
    }
    out += "</tbody>\n";
  }
  return out + "</table></div>\n";
}

std::string head_line(std::string_view name, const std::string& markup) {
  return markup.empty() ? "" : fmt::format("<p class=\"head\">{}: {}</p>\n", name, markup);
}

std::string targets(const Slo& slo) {
  std::string text;
  if (slo.ttft_s > 0) text = "first token within " + format_seconds(slo.ttft_s);
  if (slo.tbt_s > 0) text += (text.empty() ? "" : ", ") + ("time between tokens within " + format_seconds(slo.tbt_s));
  return text;
}

}  // namespace

std::string html_report(const std::vector<PointSummary>& points, const ReportHead& head) {
  const std::string title = escape_markup(head.title);
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
  out += "<title>" + title + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n";
  out += "<h1>" + title + "</h1>\n";
  out += head_line("Machine", escape_markup(head.machine));
  if (!head.command.empty()) out += head_line("Command", "<code>" + escape_markup(head.command) + "</code>");
  out += head_line("Targets", targets(head.slo));
  out += "<div class=\"plots\">\n";
  for (const ReportPlot& one : report_plots(points, head.slo)) {
    out += "<figure>\n" + svg_plot(one.plot) + "</figure>\n";
  }
  out += "</div>\n<h2>All points</h2>\n" + table(points, head.slo) + std::string(kNotes);
  return out + "</body>\n</html>\n";
}

}  // namespace estoc
