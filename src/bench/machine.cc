#include "bench/machine.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace estoc {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

// The number that a file of the control group holds; kUnlimited for "max" and for no such file.
uint64_t number_in(const char* path) {
  std::ifstream file(path);
  uint64_t number = 0;
  return file >> number ? number : kUnlimited;
}

uint64_t available_in_system() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (uint64_t kilobytes = 0; file >> key >> kilobytes; std::getline(file, unit)) {
    if (key == "MemAvailable:") return kilobytes * 1024;
  }
  return static_cast<uint64_t>(::sysconf(_SC_AVPHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

uint64_t cache_bytes(int name, uint64_t fallback) {
  const long bytes = ::sysconf(name);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : fallback;
}

}  // namespace

uint64_t available_memory_bytes() {
  const uint64_t limit = number_in("/sys/fs/cgroup/memory.max");
  const uint64_t used = number_in("/sys/fs/cgroup/memory.current");
  const uint64_t left = limit == kUnlimited ? kUnlimited : limit - std::min(limit, used == kUnlimited ? 0 : used);
  return std::min(available_in_system(), left);
}

uint64_t l2_cache_bytes() { return cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20); }
uint64_t l3_cache_bytes() { return cache_bytes(_SC_LEVEL3_CACHE_SIZE, 32 << 20); }

}  // namespace estoc
