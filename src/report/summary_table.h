// Load points as rows of bench/report.h's tables. Pure.
#pragma once

#include <vector>

#include "base/json.h"
#include "bench/report.h"
#include "load/results.h"

namespace estoc {

// What a person sees; rows carry every number.
std::vector<ReportColumn> summary_columns();
Json summary_row(const PointSummary& summary);

}  // namespace estoc
