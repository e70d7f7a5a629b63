// The CPUs this process may use: which, how many of them at once, and how many threads of computation that suggests.
//
// What: the affinity mask, the pairing of hyper-threads from sysfs, and the CPU quota of the process's control groups,
// nested ones included, in both versions of cgroups. What the kernel does not tell counts as no limit.
// Plain functions, any thread. Errors: none.
#pragma once

#include <string>
#include <vector>

namespace estoc {

// The CPUs of the process's affinity mask, in the order in which threads should be put on them: the first hyper-thread
// of each physical core, then the siblings.
struct CpuList {
  std::vector<int> cpus;
  int physical_cores = 0;  // the first that many are one a core
};
CpuList usable_cpus();

// CPUs' worth of time this process gets; 0 when nothing limits it. `root` stands before /proc and /sys, for tests.
double cpu_quota(const std::string& root = "");

// Threads to use when the user names none: one a physical core, and no more than the quota pays for. A quota is rounded
// down, because threads beyond it do not add time: they spend it sooner, and then all of them stand still.
int default_thread_count();

// The same rules on given facts. cores[i] names the physical core of allowed[i].
CpuList order_cpus(const std::vector<int>& allowed, const std::vector<int>& cores);
int thread_count_for(int physical_cores, double quota);

}  // namespace estoc
