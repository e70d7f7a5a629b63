// How latencies change over a long run: its first quarter beside its last. Pure.
#pragma once

#include <string>
#include <vector>

#include "load/results.h"

namespace estoc {

struct Quarter {
  double ttft_s = 0;  // median
  double gap_s = 0;   // mean of all gaps
};

struct Drift {
  Quarter first, last;
};

// By the order in which the requests were due. Of good answers with a first token; zeros when they are fewer than four.
Drift drift_of(const std::vector<RequestRecord>& requests);

// "TTFT p50 0.451 -> 0.460 s, gap 71.2 -> 71.9 ms"; empty when there is nothing to tell.
std::string drift_text(const Drift& drift);

}  // namespace estoc
