#include "engine/fair_share.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(FairShare, ANewcomerStartsAtTheLeast) {
  FairShare share;
  share.enter("a");
  share.enter("b");
  share.charge("a", 100);
  share.charge("b", 40);
  share.enter("c");
  EXPECT_EQ(share.served("c"), 40);
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
