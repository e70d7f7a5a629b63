// The plots of a report, for its page and for files of their own. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "load/results.h"
#include "report/svg_plot.h"

namespace estoc {

struct ReportPlot {
  std::string name;  // of a file: "ttft"
  Plot plot;
};

// ttft, tbt, stall, e2e, done and, with an SLO, goodput, else tokens: each has a line or two a server. x is what was
// offered; users where all points have users; what was done where points of both kinds, or neither, are together.
std::vector<ReportPlot> report_plots(const std::vector<PointSummary>& points, const Slo& slo);

// The servers in order of appearance.
std::vector<std::string> server_names(const std::vector<PointSummary>& points);

}  // namespace estoc
