#include "base/memory.h"

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

// What a group's limit leaves; a file with "max" instead of a number limits nothing.
uint64_t left_in(const std::string& limit_path, const std::string& used_path) {
  std::ifstream limit_file(limit_path), used_file(used_path);
  uint64_t limit = 0, used = 0;
  if (!(limit_file >> limit) || !(used_file >> used)) return kUnlimited;
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
      least =
          std::min(least, is_version_2 ? left_in(folder + "/memory.max", folder + "/memory.current")
                                       : left_in(folder + "/memory.limit_in_bytes", folder + "/memory.usage_in_bytes"));
      if (path.empty()) break;
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
  return least == kUnlimited ? 0 : least;
}

}  // namespace estoc
