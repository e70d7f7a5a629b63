#include "serving/machine_share.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(SplitCpus, OneModelHasThemAll) { EXPECT_EQ(split_cpus(8, 1), (std::vector<CpuShare>{{0, 8}})); }

TEST(SplitCpus, TeamsLieSideBySideAndTheFirstGetWhatIsOver) {
  EXPECT_EQ(split_cpus(8, 2), (std::vector<CpuShare>{{0, 4}, {4, 4}}));
  EXPECT_EQ(split_cpus(8, 3), (std::vector<CpuShare>{{0, 3}, {3, 3}, {6, 2}}));
}

TEST(SplitCpus, EveryModelHasAThread) { EXPECT_EQ(split_cpus(2, 3), (std::vector<CpuShare>{{0, 1}, {1, 1}, {2, 1}})); }

TEST(KvBudget, OneModelMayTakeAQuarter) {
  const KvBudget budget(4000, 1);
  EXPECT_EQ(budget.free_bytes(), 4000u);
  EXPECT_EQ(budget.part_bytes(), 1000u);
}

TEST(KvBudget, WhatOneLeavesTheOthersShare) {
  KvBudget budget(4000, 3);
  EXPECT_EQ(budget.part_bytes(), 333u);
  budget.take(100);
  EXPECT_EQ(budget.part_bytes(), 450u);
  budget.take(450);
  EXPECT_EQ(budget.part_bytes(), 450u);
}

TEST(KvBudget, WhoTakesMoreLeavesLess) {
  KvBudget budget(4000, 2);
  budget.take(900);
  EXPECT_EQ(budget.part_bytes(), 100u);
  KvBudget emptied(4000, 2);
  emptied.take(5000);
  EXPECT_EQ(emptied.part_bytes(), 0u);
}

}  // namespace
}  // namespace estoc
