#include "runner/kv_populator.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <cstdint>
#include <thread>

namespace estoc {
namespace {

constexpr int kBlocks = 600;  // of 512 KiB

StateStorage make_storage() {
  return {StateLayout(std::vector<StateSpec>(4, PagedState{8, 128})), KvType::f32, kBlocks};
}

bool is_resident(const StateStorage& storage, int block) {
  constexpr uintptr_t kPage = 4096;
  const auto at = reinterpret_cast<uintptr_t>(storage.keys(0, static_cast<BlockId>(block), 0)) / kPage * kPage;
  unsigned char state = 0;
  EXPECT_EQ(::mincore(reinterpret_cast<void*>(at), kPage, &state), 0);
  return (state & 1) != 0;
}

bool becomes_resident(const StateStorage& storage, int block) {
  for (int i = 0; i < 1000 && !is_resident(storage, block); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return is_resident(storage, block);
}

bool can_populate() {
  const PageMemory memory(4096, "a test");
  memory.populate(0, 4096);
  unsigned char state = 0;
  return ::mincore(memory.data(), 4096, &state) == 0 && (state & 1) != 0;
}

TEST(KvPopulator, StaysAheadOfWhatIsInUse) {
  if (!can_populate()) GTEST_SKIP() << "this system does not back memory when told to";
  const StateStorage storage = make_storage();
  KvPopulator populator(storage, {kBlocks}, 0);
  EXPECT_TRUE(becomes_resident(storage, 60));
  EXPECT_FALSE(is_resident(storage, 70));  // nothing has been in use
  populator.keep_ahead(0, 10);
  EXPECT_TRUE(becomes_resident(storage, 85));  // nobody waits for a step
  EXPECT_FALSE(is_resident(storage, 100));
  populator.set_idle(false);
  populator.keep_ahead(0, 400);
  EXPECT_TRUE(becomes_resident(storage, 460));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_resident(storage, 500));
  populator.set_idle(true);
  EXPECT_TRUE(becomes_resident(storage, kBlocks - 1));  // and no further than the pool goes
}

TEST(KvPopulator, GoesFarWhereMemoryIsSlow) {
  if (!can_populate()) GTEST_SKIP() << "this system does not back memory when told to";
  const StateStorage storage = make_storage();
  const KvPopulator populator(storage, {kBlocks}, 1e18);
  EXPECT_TRUE(becomes_resident(storage, kBlocks - 1));
}

TEST(KvPopulator, WhatIsStoredStays) {
  const StateStorage storage = make_storage();
  *storage.keys(0, 20, 0) = std::byte{7};
  KvPopulator populator(storage, {kBlocks});
  EXPECT_TRUE(!can_populate() || becomes_resident(storage, 60));
  EXPECT_EQ(*storage.keys(0, 20, 0), std::byte{7});
}

TEST(KvPopulator, EndsInTheMiddle) {
  const StateStorage storage = make_storage();
  for (int i = 0; i < 5; ++i) KvPopulator(storage, {kBlocks}).keep_ahead(0, kBlocks);
}

TEST(KvPopulator, ASmallPoolIsLeftAlone) {
  const StateStorage storage(StateLayout({PagedState{8, 128}}), KvType::f32, 10);
  KvPopulator populator(storage, {10});
  populator.keep_ahead(0, 10);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_resident(storage, 9));
}

}  // namespace
}  // namespace estoc
