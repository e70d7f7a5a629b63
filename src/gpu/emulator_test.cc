// The emulator through the objects of device.h, with kernels of its own: good ones, and ones with planted mistakes.
#include "gpu/emulator.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/device.h"
#include "gpu/source/device.h"

namespace estoc::gpu {
namespace {

struct TestArguments {
  const float* input;
  float* output;
  int count;
};

// Sum of 64 numbers through shared memory, with or without the barrier between writing and reading it.
template <bool kHasBarrier>
void sum_of_64(const TestArguments& a) {
  SHARED(part, float[64]);
  part[thread_index()] = a.input[block_index() * 64 + thread_index()];
  if (kHasBarrier) sync_block();
  if (thread_index() != 7) return;
  float sum = 0;
  for (int i = 0; i < 64; ++i) sum += part[i];
  a.output[block_index()] = sum;
}

}  // namespace

KERNEL(64, 1, test_sum, (TestArguments a)) { sum_of_64<true>(a); }
KERNEL(64, 1, test_sum_without_barrier, (TestArguments a)) { sum_of_64<false>(a); }
KERNEL(64, 1, test_increment, (TestArguments a)) {
  if (thread_index() < a.count) a.output[thread_index()] += 1;
}
KERNEL(64, 1, test_misaligned, (TestArguments a)) { a.output[0] = bits_to_f32(load_stream<Words4>(a.input + 1).v[0]); }
KERNEL(64, 1, test_half_at_barrier, (TestArguments a)) {
  if (thread_index() < 32) sync_named(1, 64);
  a.output[0] = 0;
}
KERNEL(64, 1, test_copied_by_bulk, (TestArguments a)) {
  DYNAMIC_SHARED(bytes);
  SHARED(barrier, u64);
  if (thread_index() == 0) {
    barrier_init(&barrier, 1);
    barrier_fence();
  }
  sync_block();
  if (thread_index() == 63) {
    barrier_expect(&barrier, 256);
    bulk_load(bytes, a.input, 256, &barrier);
  }
  barrier_wait(&barrier, 0);
  a.output[thread_index()] = reinterpret_cast<const float*>(bytes)[63 - thread_index()];
}
KERNEL(64, 1, test_transposed, (TestArguments a)) {  // element (row, column) of an 8 x 8 matrix: 8 row + column
  const u32 lane = static_cast<u32>(thread_index() % 32), first = lane / 4 * 8 + lane % 4 * 2;
  const u32 mine = transpose_8x8(first | (first + 1) << 16);
  a.output[thread_index() * 2] = static_cast<float>(mine & 0xffff);
  a.output[thread_index() * 2 + 1] = static_cast<float>(mine >> 16);
}

// Products of two fragments in turn or, the mistake, of one that is made anew while the product before still runs.
template <int kArrays>
void products_in_turn() {
  DYNAMIC_SHARED(memory);
  for (int i = thread_index(); i < 1024; i += 128) reinterpret_cast<u16*>(memory)[i] = 0;
  sync_block();
  const u64 b = tile_descriptor(memory, 128, 1024, Swizzle::none);
  float sum[32] = {};
  u32 fragments[kArrays][4];
  for (int step = 0; step < 3; ++step) {
    u32(&fragment)[4] = fragments[step % kArrays];
    for (u32& word : fragment) word = static_cast<u32>(step);
    wgmma_fence();
    wgmma_bf16<64>(sum, fragment, b);
    wgmma_commit();
    wgmma_wait<1>();
  }
  wgmma_wait<0>();
}
KERNEL(128, 1, test_fragments_in_turn, (TestArguments)) { products_in_turn<2>(); }
KERNEL(128, 1, test_fragment_overwritten, (TestArguments)) { products_in_turn<1>(); }

namespace {

class EmulatorTest : public testing::Test {
 protected:
  ~EmulatorTest() override { set_emulator_seed(0); }

  std::vector<float> run(const char* kernel, const std::vector<float>& values, size_t outputs, int blocks = 1) {
    Buffer input = Buffer::of(device, values), output(device, outputs * 4);
    launch(device, module.function(kernel), {.blocks = blocks, .threads = 64, .shared_bytes = 256},
           TestArguments{input.as<float>(), output.as<float>(), static_cast<int>(values.size())});
    return output.values<float>();
  }

  Device device{emulator()};
  Module module{device, ""};
};

std::vector<float> counting(int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

TEST_F(EmulatorTest, BlocksAndThreadsInEveryOrder) {
  for (const uint64_t seed : {0, 1, 2, 3}) {
    set_emulator_seed(seed);
    EXPECT_EQ(run("test_sum", counting(192), 3, 3), (std::vector<float>{2016, 6112, 10208}));
  }
}

TEST_F(EmulatorTest, AMissingBarrierShowsInEverySchedule) {
  for (const uint64_t seed : {0, 1, 2, 3}) {
    set_emulator_seed(seed);
    EXPECT_NE(run("test_sum_without_barrier", counting(64), 1)[0], 2016) << "seed " << seed;
  }
}

TEST_F(EmulatorTest, MistakesEndTheLaunchWithASentence) {
  EXPECT_THROW(run("test_misaligned", counting(64), 1), Error);
  EXPECT_NE(emulator_fault().find("test_misaligned, block 0,0, thread 0: load of a misaligned"), std::string::npos);
  EXPECT_THROW(run("test_half_at_barrier", counting(64), 1), Error);
  EXPECT_NE(emulator_fault().find("wait for each other"), std::string::npos) << emulator_fault();
  EXPECT_EQ(run("test_sum", counting(64), 1)[0], 2016);  // and the next launch is as good as new
}

TEST_F(EmulatorTest, UnknownKernelsAndShapesAreErrors) {
  EXPECT_THROW(module.function("no_such_kernel"), Error);
  Buffer memory(device, 16);
  const TestArguments arguments{memory.as<float>(), memory.as<float>(), 1};
  EXPECT_THROW(launch(device, module.function("test_sum"), {.threads = 96}, arguments), Error);
}

TEST_F(EmulatorTest, NewMemoryIsNotANumberAndCopiesStayInside) {
  Buffer memory(device, 8);
  EXPECT_TRUE(memory.values<float>()[1] != memory.values<float>()[1]);
  float value = 0;
  EXPECT_NE(emulator().copy_to_host(&value, memory.address() + 6, 4, nullptr), 0);
}

TEST_F(EmulatorTest, AGraphRunsWhatWasRecordedEachTimeItIsLaunched) {
  Buffer memory = Buffer::of(device, counting(4));
  const Handle increment = module.function("test_increment");
  const Graph graph(device, [&] {
    for (int i = 0; i < 3; ++i)
      launch(device, increment, {.threads = 64}, TestArguments{nullptr, memory.as<float>(), 4});
  });
  EXPECT_EQ(memory.values<float>(), counting(4));
  graph.launch();
  graph.launch();
  EXPECT_EQ(memory.values<float>(), (std::vector<float>{6, 7, 8, 9}));
}

// A late one copies when the device's stream waits for it, and not before.
TEST_F(EmulatorTest, ACopyLaneIsAsLateAsItMayBe) {
  set_emulator_late_streams(true);
  CopyLane lane(device);
  set_emulator_late_streams(false);
  Buffer memory = Buffer::of(device, counting(4));
  const std::vector<float> first = {9, 9, 9, 9}, second = {7, 7, 7, 7};
  lane.follow_device();
  memory.begin_upload(first.data(), 16, 0, lane.stream());
  lane.let_device_follow();
  EXPECT_EQ(memory.values<float>(), first);
  memory.begin_upload(second.data(), 16, 0, lane.stream());
  EXPECT_EQ(memory.values<float>(), first);
  const Event event(device);
  event.record(lane.stream());
  memory.begin_upload(first.data(), 16, 0, lane.stream());
  event.wait();
  EXPECT_EQ(memory.values<float>(), second);
  lane.let_device_follow();  // before the memory goes
  EXPECT_EQ(memory.values<float>(), first);
}

TEST_F(EmulatorTest, ABulkCopyArrivesAtItsBarrier) {
  for (const uint64_t seed : {0, 5}) {
    set_emulator_seed(seed);
    const auto reversed = run("test_copied_by_bulk", counting(64), 64);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(reversed[i], 63 - i);
  }
}

TEST_F(EmulatorTest, AFragmentBelongsToItsProductUntilTheWait) {
  const LaunchShape shape{.threads = 128, .shared_bytes = 16384};
  launch(device, module.function("test_fragments_in_turn"), shape, TestArguments{});
  EXPECT_THROW(launch(device, module.function("test_fragment_overwritten"), shape, TestArguments{}), Error);
  EXPECT_NE(emulator_fault().find("a fragment was overwritten"), std::string::npos) << emulator_fault();
}

TEST_F(EmulatorTest, AMatrixIsTransposedInTheWarp) {
  const auto elements = run("test_transposed", counting(1), 128);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(elements[i], i % 8 * 8 + i / 8) << i;
}

}  // namespace
}  // namespace estoc::gpu
