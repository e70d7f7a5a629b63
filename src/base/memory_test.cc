#include "base/memory.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"

namespace estoc {
namespace {

class AvailableMemory : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) { directory_.write(path, text); }
  const TemporaryDirectory directory_;
  const std::string& root_ = directory_.path();
};

TEST_F(AvailableMemory, IsWhatTheSystemSays) {
  EXPECT_EQ(available_memory(root_), 0u);
  write("/proc/meminfo", "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    600 kB\n");
  EXPECT_EQ(available_memory(root_), 600u * 1024);
}

TEST_F(AvailableMemory, IsWhatTheTightestGroupLeaves) {
  write("/proc/meminfo", "MemAvailable:    600 kB\n");
  write("/proc/self/cgroup", "0::/a/b\n");
  write("/sys/fs/cgroup/a/b/memory.max", "max\n");
  write("/sys/fs/cgroup/a/b/memory.current", "5000\n");
  EXPECT_EQ(available_memory(root_), 600u * 1024);
  write("/sys/fs/cgroup/a/memory.max", "9000\n");
  write("/sys/fs/cgroup/a/memory.current", "5000\n");
  EXPECT_EQ(available_memory(root_), 4000u);
  write("/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 1500\nactive_file 2\n");
  EXPECT_EQ(available_memory(root_), 5500u);
  write("/sys/fs/cgroup/a/memory.current", "11500\n");
  EXPECT_EQ(available_memory(root_), 0u);
}

TEST_F(AvailableMemory, KnowsTheOlderGroups) {
  write("/proc/self/cgroup", "3:cpu,cpuacct:/x\n2:memory:/a\n");
  write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000\n");
  write("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "1000\n");
  EXPECT_EQ(available_memory(root_), 6000u);
}

TEST(AvailableMemoryHere, IsSomething) { EXPECT_GT(available_memory(), 1u << 20); }

}  // namespace
}  // namespace estoc
