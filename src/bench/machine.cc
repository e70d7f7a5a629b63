#include "bench/machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "base/cpus.h"

namespace estoc {
namespace {

uint64_t cache_bytes(int name, uint64_t fallback) {
  const long bytes = ::sysconf(name);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : fallback;
}

}  // namespace

std::string machine_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string name = "unknown CPU";
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) name = line.substr(colon + 2);
  }
  return fmt::format("{}, {} CPUs", name, usable_cpus().cpus.size());
}

uint64_t l2_cache_bytes() { return cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20); }
uint64_t l3_cache_bytes() { return cache_bytes(_SC_LEVEL3_CACHE_SIZE, 32 << 20); }

}  // namespace estoc
