#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

namespace estoc {
namespace {

// CPUs beyond the fixed size of cpu_set_t do not fit the call: then the plain count is all there is.
std::vector<int> allowed_cpus() {
  std::vector<int> allowed;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) allowed.push_back(cpu);
    }
  } else {
    for (int cpu = 0; cpu < static_cast<int>(std::thread::hardware_concurrency()); ++cpu) allowed.push_back(cpu);
  }
  if (allowed.empty()) allowed.push_back(0);
  return allowed;
}

// The least CPU among the hyper-threads of `cpu`'s core names the core: the list is like "0,64" or "0-1".
int core_of(int cpu) {
  std::ifstream list("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
  int first = cpu;
  return list >> first ? first : cpu;
}

// cgroup v2's cpu.max: "max 100000" or "<quota> <period>" in microseconds.
double quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  std::istringstream number(quota);
  double microseconds = 0;
  return number >> microseconds && microseconds > 0 ? microseconds / period : 0;
}

// cgroup v1: two files, the quota is -1 where there is none.
double quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period && quota > 0 && period > 0 ? quota / period : 0;
}

// The tightest quota of a group and all groups around it. Inside a container the mounted tree begins at the container's
// own group while /proc may still name it from the host's root: folders that are not there limit nothing.
double tightest(const std::string& mount, std::string path, double (*quota_in)(const std::string&)) {
  double least = 0;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    const double quota = quota_in(mount + path);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    if (path.empty()) return least;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool names_cpu(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

CpuList order_cpus(const std::vector<int>& allowed, const std::vector<int>& cores) {
  CpuList list;
  std::vector<int> siblings, seen;
  for (size_t i = 0; i < allowed.size(); ++i) {
    const bool is_first = std::find(seen.begin(), seen.end(), cores[i]) == seen.end();
    if (is_first) seen.push_back(cores[i]);
    (is_first ? list.cpus : siblings).push_back(allowed[i]);
  }
  list.physical_cores = static_cast<int>(list.cpus.size());
  list.cpus.insert(list.cpus.end(), siblings.begin(), siblings.end());
  return list;
}

CpuList usable_cpus() {
  const std::vector<int> allowed = allowed_cpus();
  std::vector<int> cores;
  for (const int cpu : allowed) cores.push_back(core_of(cpu));
  return order_cpus(allowed, cores);
}

double cpu_quota(const std::string& root) {
  double least = 0;
  const auto take = [&](double quota) {
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  };
  // Lines are "<number>:<controllers>:<path>"; version 2 has number 0 and no controllers.
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    const std::string mount = root + "/sys/fs/cgroup";
    if (controllers.empty()) take(tightest(mount, path, quota_v2));
    if (!names_cpu(controllers)) continue;
    for (const std::string folder : {"cpu", "cpu,cpuacct", "cpuacct,cpu"}) {
      take(tightest(mount + "/" + folder, path, quota_v1));
    }
  }
  return least;
}

int thread_count_for(int physical_cores, double quota) {
  const int paid = quota > 0 ? static_cast<int>(std::min(quota, 1e6)) : physical_cores;
  return std::max(1, std::min(physical_cores, paid));
}

int default_thread_count() { return thread_count_for(usable_cpus().physical_cores, cpu_quota()); }

}  // namespace estoc
