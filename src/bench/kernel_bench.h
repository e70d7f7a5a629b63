// `estoc bench kernels`: single-threaded rates of the kernels, each beside the roof that the same run measures.
//
// The roof of a case is the shortest time this machine could take: its multiply-adds at the rate of the best
// instruction of the level (kernels/probe.h), or its bytes at the rate at which as large a memory can be read,
// whichever is longer. Threads: the calling one; the memory table also starts a team. Errors:
// Error{resource_exhausted}.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench/report.h"
#include "kernels/kernels.h"

namespace estoc {

struct KernelBenchPlan {
  std::vector<kernels::Isa> levels;  // in ascending order; a kernel that a level takes from one before it is left out
  std::string filter;                // runs what has this in "level kernel what"; empty runs everything
  int threads = 1;                   // for the read rate of all threads
  double seconds_min = 2e-3;         // of one sample
  int samples = 7;                   // the best counts
};

// Every level this CPU has but scalar, which nobody would run by choice.
std::vector<kernels::Isa> default_kernel_levels();

// Rows for write_report: first what the machine can do (kernel "probe"), then the cases.
Json::Array run_kernel_bench(const KernelBenchPlan& plan, const std::function<void(const std::string&)>& progress);
std::vector<ReportColumn> kernel_bench_columns();

}  // namespace estoc
