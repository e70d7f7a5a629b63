// Clusters of blocks in the emulator: what they share, and planted mistakes.
#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/device.h"
#include "gpu/emulator.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

struct ClusterArguments {
  const float* input;
  float* output;
};

namespace {

// What a kernel of this file may leave out.
enum class Mistake { none, first_barrier, last_barrier, arrival, second_wait };

// Every block hands the number of its block to its neighbour, which writes it.
template <Mistake kMistake>
void pass_on(const ClusterArguments& a) {
  SHARED(given, float[4]);
  if (kMistake != Mistake::first_barrier) {
    if (kMistake != Mistake::arrival) cluster_arrive();
    cluster_wait();
  }
  if (kMistake == Mistake::last_barrier && cluster_rank() != 0) {  // takes longer than the one that does not wait
    sync_block();
    sync_block();
  }
  const auto mine = static_cast<float>(block_index());
  const int next = (cluster_rank() + 1) % cluster_blocks();
  if (thread_index() == 0) store_cluster(given, next, {mine, mine, mine, mine});
  if (kMistake != Mistake::last_barrier || cluster_rank() != 0) {
    cluster_arrive();
    if (kMistake == Mistake::second_wait) cluster_arrive();
    cluster_wait();
  }
  if (thread_index() == 0) a.output[block_index()] = given[3];
}

// Every block loads a part of the input for all of the cluster, which then hands on that it has read it.
void load_for_all(const ClusterArguments& a) {
  DYNAMIC_SHARED(bytes);
  SHARED(full, u64);
  SHARED(empty, u64);
  const int blocks = cluster_blocks(), rank = cluster_rank();
  if (thread_index() == 0) {
    barrier_init(&full, 1);
    barrier_init(&empty, static_cast<u32>(blocks));
    barrier_fence();
  }
  cluster_arrive();
  cluster_wait();
  if (thread_index() == 32) {
    barrier_expect(&full, static_cast<u32>(blocks) * 64);
    bulk_load_cluster(bytes + rank * 64, a.input + rank * 16, 64, &full, (1u << blocks) - 1);
  }
  barrier_wait(&full, 0);
  sync_block();
  if (thread_index() < blocks) barrier_arrive_cluster(&empty, thread_index());
  barrier_wait(&empty, 0);
  if (thread_index() < 16 * blocks) {
    a.output[block_index() * 16 * blocks + thread_index()] = reinterpret_cast<const float*>(bytes)[thread_index()];
  }
  cluster_arrive();  // nobody ends while another may still tell it something
  cluster_wait();
}

}  // namespace

KERNEL(64, 1, test_pass_on, (ClusterArguments a)) { pass_on<Mistake::none>(a); }
KERNEL(64, 1, test_pass_on_early, (ClusterArguments a)) { pass_on<Mistake::first_barrier>(a); }
KERNEL(64, 1, test_pass_on_late, (ClusterArguments a)) { pass_on<Mistake::last_barrier>(a); }
KERNEL(64, 1, test_pass_on_unarrived, (ClusterArguments a)) { pass_on<Mistake::arrival>(a); }
KERNEL(64, 1, test_pass_on_arrived_twice, (ClusterArguments a)) { pass_on<Mistake::second_wait>(a); }
KERNEL(64, 1, test_load_for_all, (ClusterArguments a)) { load_for_all(a); }
KERNEL(64, 1, test_store_beyond_cluster, (ClusterArguments)) {
  SHARED(given, float[4]);
  cluster_arrive();
  cluster_wait();
  store_cluster(given, cluster_blocks(), {0, 0, 0, 0});
}

namespace {

class EmulatorClusterTest : public testing::Test {
 protected:
  ~EmulatorClusterTest() override { set_emulator_seed(0); }

  std::vector<float> run(const char* kernel, int blocks, int cluster, size_t outputs) {
    std::vector<float> values(64);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    Buffer input = Buffer::of(device, values), output(device, outputs * 4);
    launch(device, module.function(kernel), {.blocks = blocks, .threads = 64, .shared_bytes = 256, .cluster = cluster},
           ClusterArguments{input.as<float>(), output.as<float>()});
    return output.values<float>();
  }
  void expect_fault(const char* kernel, const char* sentence) {
    EXPECT_THROW(run(kernel, 4, 2, 4), Error) << kernel;
    EXPECT_NE(emulator_fault().find(sentence), std::string::npos) << emulator_fault();
  }

  Device device{emulator()};
  Module module{device, ""};
};

TEST_F(EmulatorClusterTest, BlocksOfAClusterReachEachOthersSharedMemory) {
  for (const uint64_t seed : {0, 1, 2, 3}) {
    set_emulator_seed(seed);
    EXPECT_EQ(run("test_pass_on", 4, 2, 4), (std::vector<float>{1, 0, 3, 2}));
    EXPECT_EQ(run("test_pass_on", 4, 4, 4), (std::vector<float>{3, 0, 1, 2}));
    EXPECT_EQ(run("test_pass_on", 2, 1, 2), (std::vector<float>{0, 1}));
  }
}

TEST_F(EmulatorClusterTest, ABulkCopyArrivesInEveryBlock) {
  for (const uint64_t seed : {0, 1, 2}) {
    set_emulator_seed(seed);
    const auto loaded = run("test_load_for_all", 4, 2, 128);
    for (size_t i = 0; i < loaded.size(); ++i) EXPECT_EQ(loaded[i], static_cast<float>(i % 32)) << i;
    const auto alone = run("test_load_for_all", 2, 1, 32);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i], static_cast<float>(i % 16)) << i;
  }
}

TEST_F(EmulatorClusterTest, MistakesEndTheLaunchWithASentence) {
  for (const uint64_t seed : {0, 1, 2}) {
    set_emulator_seed(seed);
    expect_fault("test_pass_on_early", "before the cluster has met at its barrier");
    expect_fault("test_pass_on_late", "shared memory of a block that has ended");
    expect_fault("test_pass_on_unarrived", "waits at the cluster's barrier without having arrived");
    expect_fault("test_pass_on_arrived_twice", "arrives at the cluster's barrier again before it has waited");
    expect_fault("test_store_beyond_cluster", "shared memory of a block that the cluster has not");
  }
}

TEST_F(EmulatorClusterTest, AGridIsWholeClustersOfAtMostEight) {
  EXPECT_THROW(run("test_pass_on", 3, 2, 4), Error);
  EXPECT_THROW(run("test_pass_on", 16, 16, 16), Error);
}

}  // namespace
}  // namespace estoc::gpu
