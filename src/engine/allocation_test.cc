// What a step takes from the heap: see "Memory" in step.h.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "engine/step.h"
#include "kv/block_pool.h"
#include "runner/local_runner.h"

namespace {

thread_local int allocation_count = 0;

void* counted(void* memory) {
  ++allocation_count;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The array forms and the deletes of the library come down to these. Inlined, they would look to the compiler as if new
// and free were mixed.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(std::malloc(bytes)); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (bytes + step - 1) / step * step));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocation_count;
  return std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace estoc {
namespace {

constexpr int kVocab = 50;

// Chooses the same token for ever, from no heap.
class ConstantModel final : public Model {
 public:
  ConstantModel() {
    info_.vocab = kVocab;
    info_.layers = 1;
    info_.state = StateLayout({PagedState{1, 2}});
    info_.parameter_count = 5'000'000;
  }
  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<ModelScratch> make_scratch(const RunLimits&) const override {
    return std::make_unique<ModelScratch>();
  }
  void forward(const Batch& batch, StateStorage&, ModelScratch&, const LogitRows& rows) const override {
    float* const logits = rows.values;
    for (size_t i = 0; i < batch.logit_rows.size() * kVocab; ++i) logits[i] = i % kVocab == 7 ? 1.0f : 0.0f;
  }

 private:
  ModelInfo info_;
};

Clock::time_point standing_clock() { return Clock::time_point(std::chrono::hours(1)); }

class AllocationTest : public testing::Test {
 protected:
  static constexpr int kRunning = 4, kPrompt = 8;

  explicit AllocationTest(int blocks = 100)
      : stepper_(runner_,
                 {.context = 400,
                  .sequences_max = kRunning,
                  .batch_tokens_max = 64,
                  .kv_bytes = static_cast<uint64_t>(blocks) * model_.info().state.position_block_bytes(KvType::f32),
                  .kv_type = KvType::f32},
                 standing_clock) {}

  void add(int prompt_tokens, std::string client) {
    const auto first = static_cast<TokenId>(++last_id_ % kVocab);  // no common beginnings
    Request request{.prompt = std::vector<TokenId>(static_cast<size_t>(prompt_tokens), first), .tokens_max = 10'000};
    request.client = std::move(client);
    auto sequence = std::make_unique<Sequence>(last_id_, std::move(request), [](Event&&) {}, 1);
    sequence->submitted_at = standing_clock();
    stepper_.add(std::move(sequence));
  }

  // How many allocations `steps` make; statistics as the engine takes them included.
  int count_in(int steps) {
    const int before = allocation_count;
    for (int i = 0; i < steps; ++i) {
      stepper_.step();
      published_ = stepper_.stats();
      stepper_.deliver();
    }
    return allocation_count - before;
  }

  ConstantModel model_;
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_;
  EngineStats published_;
  RequestId last_id_ = 0;
};

class FullPoolAllocationTest : public AllocationTest {
 protected:
  FullPoolAllocationTest() : AllocationTest(10) {}
};

TEST_F(AllocationTest, TheCounterCounts) {
  const int before = allocation_count;
  const auto memory = std::make_unique<std::vector<int>>(10);
  EXPECT_EQ(allocation_count - before, 2);
}

// A block of 16 positions is published at the end of the step that computes the last of them.
TEST_F(AllocationTest, StepsOfDecodingTakeNothingBetweenBlocks) {
  for (int i = 0; i < kRunning + 30; ++i) add(kPrompt, std::string(40, static_cast<char>('a' + i % 5)));
  count_in(1 + 8 + 1);  // the prompts, what fills their first block, and the first token of the next one
  ASSERT_EQ(published_.running, kRunning);
  ASSERT_EQ(published_.waiting, 30);
  EXPECT_EQ(count_in(kBlockTokens - 2), 0);
}

// The queue is put in order and its first one tried at each of these steps: there is a place but there are no blocks.
TEST_F(FullPoolAllocationTest, NorDoStepsThatTryToAdmitInVain) {
  for (int i = 0; i < 2; ++i) add(kPrompt, "early");
  count_in(1);
  for (int i = 0; i < 30; ++i) add(9 * kBlockTokens, std::string(40, static_cast<char>('a' + i % 5)));
  count_in(9);
  ASSERT_EQ(published_.running, 2);
  ASSERT_EQ(published_.waiting, 30);
  EXPECT_EQ(count_in(kBlockTokens - 2), 0);
  EXPECT_EQ(published_.waiting, 30);
}

// Each publishes 20 blocks: a node of the index each; and its three lists double once in a while.
TEST_F(AllocationTest, ABlockCostsASmallConstant) {
  for (int i = 0; i < kRunning; ++i) add(kPrompt, "");
  count_in(1);
  EXPECT_LE(count_in(20 * kBlockTokens), kRunning * (20 + 3 * 8));
}

}  // namespace
}  // namespace estoc
