// `estoc bench kernels --device DEVICE`: the kernels that models on a device are computed with, each compared with its
// reference and timed beside what the same run measures of the card (gpu/trials/kernel_times.h). In the emulator shapes
// are tiny and times mean nothing.
//
// Threads: the calling one. Errors: Error{invalid_argument, unsupported} of a device that is not there,
// Error{resource_exhausted, io} of one that fails.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench/report.h"

namespace estoc {

struct GpuKernelBench {
  Json::Array rows;                // for write_report: first the card's rates (kernel "roof"), then the kernels
  std::vector<std::string> wrong;  // names of those whose results are not the reference's
};

// `device` as gpu::Accelerator::open takes it; `filter` as KernelBenchPlan's.
GpuKernelBench run_gpu_kernel_bench(const std::string& device, const std::string& filter,
                                    const std::function<void(const std::string&)>& progress);
std::vector<ReportColumn> gpu_kernel_bench_columns();

}  // namespace estoc
