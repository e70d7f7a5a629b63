#include "base/memory.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace estoc {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

uint64_t system_available(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  for (std::string name, rest; file >> name; std::getline(file, rest)) {
    uint64_t kilobytes = 0;
    if (name == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return kUnlimited;
}

struct GroupFiles {
  const char *limit, *used, *cached;  // the last: the line of memory.stat with file pages that can go at once
};
constexpr GroupFiles kVersion1 = {"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"};
constexpr GroupFiles kVersion2 = {"/memory.max", "/memory.current", "inactive_file"};

// What a group's limit leaves; a file with "max" instead of a number limits nothing.
uint64_t left_in(const std::string& folder, const GroupFiles& files) {
  std::ifstream limit_file(folder + files.limit), used_file(folder + files.used), stat(folder + "/memory.stat");
  uint64_t limit = 0, used = 0, cached = 0;
  if (!(limit_file >> limit) || !(used_file >> used)) return kUnlimited;
  std::string name;
  for (uint64_t value = 0; stat >> name >> value;) {
    if (name == files.cached) cached = value;
  }
  used -= std::min(used, cached);
  return limit > used ? limit - used : 0;
}

}  // namespace

uint64_t available_memory(const std::string& root) {
  uint64_t least = system_available(root);
  const std::string mount = root + "/sys/fs/cgroup";
  // Lines are "<number>:<controllers>:<path>"; version 2 has no controllers. The groups around a group limit it too.
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const bool is_version_2 = second == first + 1;
    if (!is_version_2 && line.substr(first, second - first).find("memory") == std::string::npos) continue;
    for (std::string path = line.substr(second + 1);;) {
      while (!path.empty() && path.back() == '/') path.pop_back();
      const std::string folder = is_version_2 ? mount + path : mount + "/memory" + path;
      least = std::min(least, left_in(folder, is_version_2 ? kVersion2 : kVersion1));
      if (path.empty()) break;
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
  return least == kUnlimited ? 0 : least;
}

void return_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

}  // namespace estoc
