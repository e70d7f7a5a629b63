#include "engine/fair_share.h"

#include <gtest/gtest.h>

#include <string>

namespace estoc {
namespace {

TEST(FairShare, ANewcomerIsServedBeforeNobody) {
  FairShare share;
  share.enter("a");
  share.enter("b");
  share.charge("a", 100);
  share.charge("b", 40);
  share.enter("c");
  EXPECT_EQ(share.served("c"), 100);
}

TEST(FairShare, LeavingPaysNoDebt) {
  FairShare share;
  share.enter("light");
  share.charge("light", 40);
  for (int i = 1; i <= 3; ++i) {  // one long request after another
    share.enter("hog");
    share.charge("hog", 500);
    share.leave("hog");
    EXPECT_EQ(share.served("hog"), 40 + 500 * i);
  }
  share.enter("hog");
  EXPECT_EQ(share.served("hog"), 1540);
}

TEST(FairShare, ANewNameIsNoCleanSlate) {
  FairShare share;
  share.enter("light");
  for (int i = 0; i < 3; ++i) {
    const std::string name = "hog" + std::to_string(i);
    share.enter(name);
    EXPECT_EQ(share.served(name), 500 * i);
    share.charge(name, 500);
    share.leave(name);
  }
  EXPECT_EQ(share.served("light"), 0);
}

TEST(FairShare, DebtsHaveAnEnd) {
  FairShare share;
  share.enter("light");
  share.enter("hog");
  share.charge("hog", 1e9);
  share.leave("hog");
  share.enter("hog");
  share.enter("new");
  EXPECT_EQ(share.served("hog"), FairShare::kDebtMax);
  EXPECT_EQ(share.served("new"), FairShare::kDebtMax);
}

TEST(FairShare, RemembersNoMoreThanItMay) {
  FairShare share;
  share.enter("light");
  share.enter("old");
  share.charge("old", 7);
  share.leave("old");
  for (size_t i = 0; i < FairShare::kRememberedMax; ++i) {
    share.enter(std::to_string(i));
    share.charge(std::to_string(i), 1);
    share.leave(std::to_string(i));
  }
  EXPECT_EQ(share.remembered_count(), FairShare::kRememberedMax);
  EXPECT_EQ(share.client_count(), 1);
  EXPECT_GT(share.served("old"), 7);  // as one never seen
}

TEST(FairShare, APauseEarnsNothing) {
  FairShare share;
  share.enter("a");
  share.enter("b");
  share.charge("a", 10);
  share.charge("b", 500);
  share.leave("a");
  share.charge("b", 100);
  share.enter("a");
  EXPECT_EQ(share.served("a"), 600);
}

TEST(FairShare, KeepsOnlyClientsWithRequests) {
  FairShare share;
  share.enter("a");
  share.enter("a");
  share.leave("a");
  EXPECT_EQ(share.client_count(), 1);
  share.leave("a");
  EXPECT_EQ(share.client_count(), 0);
}

}  // namespace
}  // namespace estoc
