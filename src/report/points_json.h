// Load points as JSON: a row a point, or every request of it. Pure functions; nothing is thrown.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "load/results.h"

namespace estoc {

// Flat, every point with the same keys: rows for bench/report.h. Latencies are null where no request was answered.
Json point_json(const PointSummary& summary);
// A point with every request of it.
Json requests_json(const LoadPoint& point);

// A whole measurement: the command that made it, the rows that were told of it and its points with every request.
// report/saved_points.h reads it again.
Json measurement_json(const std::vector<std::string>& command, const std::vector<PointSummary>& summaries,
                      const std::vector<LoadPoint>& points);

}  // namespace estoc
