#include "base/cpus.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"

namespace estoc {
namespace {

// A file system root with a /proc and a /sys of its own.
class Root {
 public:
  Root& file(const std::string& name, const std::string& text) {
    directory_.write(name, text);
    return *this;
  }
  double quota() const { return cpu_quota(directory_.path()); }

 private:
  TemporaryDirectory directory_;
};

TEST(Cpus, QuotaOfVersionTwoIsTheTightestOfTheNestedGroups) {
  Root root;
  root.file("proc/self/cgroup", "0::/outer/inner\n");
  EXPECT_EQ(root.quota(), 0);
  root.file("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  EXPECT_EQ(root.quota(), 0);
  root.file("sys/fs/cgroup/outer/cpu.max", "250000 100000\n");
  EXPECT_EQ(root.quota(), 2.5);
  root.file("sys/fs/cgroup/outer/inner/cpu.max", "400000 100000\n");
  EXPECT_EQ(root.quota(), 2.5);
  root.file("sys/fs/cgroup/outer/inner/cpu.max", "50000 100000\n");
  EXPECT_EQ(root.quota(), 0.5);
}

TEST(Cpus, QuotaOfAContainerWhoseGroupIsNamedFromOutside) {
  Root root;
  root.file("proc/self/cgroup", "0::/docker/0123456789\n").file("sys/fs/cgroup/cpu.max", "300000 100000\n");
  EXPECT_EQ(root.quota(), 3);
}

TEST(Cpus, QuotaOfVersionOne) {
  Root root;
  root.file("proc/self/cgroup", "9:cpuset:/\n4:cpu,cpuacct:/a/b\n2:memory:/\n0::/\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(root.quota(), 0);
  root.file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(root.quota(), 1.5);
}

TEST(Cpus, BrokenFilesLimitNothing) {
  Root root;
  root.file("proc/self/cgroup", "nonsense\n0::/a\n").file("sys/fs/cgroup/a/cpu.max", "many few\n");
  EXPECT_EQ(root.quota(), 0);
}

TEST(Cpus, PhysicalCoresComeBeforeTheirSiblings) {
  const CpuList list = order_cpus({0, 1, 2, 3, 4, 5}, {0, 0, 2, 2, 4, 4});
  EXPECT_EQ(list.physical_cores, 3);
  EXPECT_EQ(list.cpus, (std::vector<int>{0, 2, 4, 1, 3, 5}));
  // A mask with the second hyper-thread only of some cores.
  EXPECT_EQ(order_cpus({5, 64, 69}, {5, 0, 5}).cpus, (std::vector<int>{5, 64, 69}));
  EXPECT_EQ(order_cpus({5, 64, 69}, {5, 0, 5}).physical_cores, 2);
}

TEST(Cpus, ThreadsAreCoresWithinTheQuota) {
  EXPECT_EQ(thread_count_for(8, 0), 8);
  EXPECT_EQ(thread_count_for(8, 2.5), 2);
  EXPECT_EQ(thread_count_for(8, 0.5), 1);
  EXPECT_EQ(thread_count_for(8, 64), 8);
}

TEST(Cpus, ThisMachineHasSome) {
  EXPECT_GE(default_thread_count(), 1);
  const CpuList list = usable_cpus();
  EXPECT_GE(list.physical_cores, 1);
  EXPECT_LE(list.physical_cores, static_cast<int>(list.cpus.size()));
}

}  // namespace
}  // namespace estoc
