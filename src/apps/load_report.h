// Load points told as the flags of `estoc bench serve` and `estoc bench report` ask.
// Errors: Error{invalid_argument} for a format, Error{io} for a file, both before anything is measured or told.
#pragma once

#include <string>
#include <vector>

#include "apps/options_bench_serve.h"
#include "bench/report.h"
#include "load/results.h"
#include "report/page.h"

namespace estoc {

class LoadReport {
 public:
  // Checks the format and that the files can be written.
  explicit LoadReport(LoadReportOptionValues options);

  // What is told of the points.
  std::vector<PointSummary> summarize(const std::vector<LoadPoint>& points) const;
  // The table to standard output; page and plots into their files. `head` is the page's, without its latency target.
  // False when no request was answered.
  bool tell(const std::vector<PointSummary>& summaries, ReportHead head) const;

 private:
  const LoadReportOptionValues options_;
  const ReportFormat format_;
  const Slo slo_;
};

// Throws Error{io}.
void write_file(const std::string& path, const std::string& text);

}  // namespace estoc
