// What `estoc bench model --profile` prints: where the time of a test's forward passes went. Pure functions.
#pragma once

#include "bench/model_bench.h"

namespace estoc {

// A row for each op of all layers together, the longest first, then one for each layer; shares are of the time of the
// ops.
Json::Array model_profile_rows(const ModelBenchResult& result);
std::vector<ReportColumn> model_profile_columns();

}  // namespace estoc
