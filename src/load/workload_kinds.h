// The makers of the workloads that workload.cc lists; one file each. They take options that were checked already.
#pragma once

#include <memory>

#include "load/workload.h"

namespace estoc {

std::unique_ptr<Workload> short_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> medium_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> long_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> long_context_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> code_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> math_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> multi_turn_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> mixed_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> synthetic_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> shared_prefix_workload(const WorkloadOptions& options);
std::unique_ptr<Workload> trace_workload(const WorkloadOptions& options);

}  // namespace estoc
