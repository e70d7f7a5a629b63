#include "apps/load_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "apps/standard_streams.h"
#include "base/error.h"
#include "bench/machine.h"
#include "report/page_plots.h"
#include "report/summary_table.h"

namespace estoc {

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fail(ErrorCode::io, "{}: cannot be written", path);
}

LoadReport::LoadReport(LoadReportOptionValues options)
    : options_(std::move(options)),
      format_(parse_report_format(options_.output)),
      slo_{.ttft_s = options_.slo_ttft_ms / 1e3, .tbt_s = options_.slo_tbt_ms / 1e3} {
  if (!options_.html_file.empty()) write_file(options_.html_file, "");
  if (options_.plots_folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(options_.plots_folder, error);
  if (error) fail(ErrorCode::io, "{}: {}", options_.plots_folder, error.message());
}

std::vector<PointSummary> LoadReport::summarize(const std::vector<LoadPoint>& points) const {
  std::vector<PointSummary> summaries;
  for (const LoadPoint& point : points) summaries.push_back(estoc::summarize(point, slo_));
  return summaries;
}

bool LoadReport::tell(const std::vector<PointSummary>& summaries, ReportHead head) const {
  head.machine = machine_name();
  head.slo = slo_;
  Json::Array rows;
  bool has_answer = false;
  for (const PointSummary& summary : summaries) {
    rows.push_back(summary_row(summary));
    has_answer = has_answer || summary.ok > 0;
  }
  write_output(write_report(format_, summary_columns(), rows));
  if (!options_.html_file.empty()) write_file(options_.html_file, html_report(summaries, head));
  if (!options_.plots_folder.empty()) {
    for (const ReportPlot& plot : report_plots(summaries, head.slo)) {
      write_file(options_.plots_folder + "/" + plot.name + ".svg", svg_plot(plot.plot));
    }
  }
  return has_answer;
}

}  // namespace estoc
