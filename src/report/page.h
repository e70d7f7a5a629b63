// Load points as one HTML page with plots. A pure function; nothing is thrown.
#pragma once

#include <string>
#include <vector>

#include "load/results.h"

namespace estoc {

struct ReportHead {
  std::string title, machine, command;
  Slo slo;  // drawn into the plots it belongs to; without one no goodput is shown
};

// A whole page that needs no other file and no script.
std::string html_report(const std::vector<PointSummary>& points, const ReportHead& head);

}  // namespace estoc
