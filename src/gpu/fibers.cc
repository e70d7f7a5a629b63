#include "gpu/fibers.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "base/check.h"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace estoc::gpu::fibers {
namespace {

constexpr size_t kStackBytes = 64 << 10;
constexpr size_t kWarpBytes = 1024;

#if defined(__x86_64__)
using Saved = void*;  // a stack pointer; what the ABI wants kept lies on the stack
#else
using Saved = ucontext_t;
#endif

struct Fiber {
  Saved saved{};
  std::unique_ptr<char[]> stack;
  bool has_ended = false;
};

struct NamedBarrier {
  int arrived = 0;
  uint64_t epoch = 0;
};

struct Block {
  std::vector<Fiber> fibers;
  Saved scheduler{};
  const std::function<void()>* kernel = nullptr;
  int now = 0;
  int alive = 0;
  int at_block = 0;
  uint64_t block_epoch = 0;
  std::vector<NamedBarrier> warps;
  NamedBarrier named[16];
  std::vector<char> warp_memory;
  uint64_t changes = 0;  // grows whenever somebody who waits may go on
  Outcome outcome;
#if defined(__SANITIZE_ADDRESS__)
  const void* scheduler_stack = nullptr;
  size_t scheduler_bytes = 0;
#endif
};

thread_local Block block;

#if defined(__x86_64__)
extern "C" void estoc_fiber_switch(void** save, void* to);
asm(R"(
.text
.globl estoc_fiber_switch
.hidden estoc_fiber_switch
.type estoc_fiber_switch, @function
estoc_fiber_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size estoc_fiber_switch, .-estoc_fiber_switch
)");

void switch_saved(Saved& from, Saved& to) { estoc_fiber_switch(&from, to); }

void prepare(Fiber& fiber, void (*entry)()) {
  const auto top = reinterpret_cast<uintptr_t>(fiber.stack.get() + kStackBytes) & ~uintptr_t{63};
  void** at = reinterpret_cast<void**>(top);
  *--at = nullptr;  // where entry would return to: it never does
  *--at = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--at = nullptr;
  fiber.saved = at;
}
#else
void switch_saved(Saved& from, Saved& to) { swapcontext(&from, &to); }

void prepare(Fiber& fiber, void (*entry)()) {
  getcontext(&fiber.saved);
  fiber.saved.uc_stack.ss_sp = fiber.stack.get();
  fiber.saved.uc_stack.ss_size = kStackBytes;
  fiber.saved.uc_link = nullptr;
  makecontext(&fiber.saved, entry, 0);
}
#endif

void to_scheduler() {
  Fiber& self = block.fibers[block.now];
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, block.scheduler_stack, block.scheduler_bytes);
#endif
  switch_saved(self.saved, block.scheduler);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void to_fiber(int index) {
  block.now = index;
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, block.fibers[index].stack.get(), kStackBytes);
#endif
  switch_saved(block.scheduler, block.fibers[index].saved);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void release_block_barrier() {
  if (block.at_block == 0 || block.at_block < block.alive) return;
  block.at_block = 0;
  ++block.block_epoch;
  ++block.changes;
}

void entry() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &block.scheduler_stack, &block.scheduler_bytes);
#endif
  (*block.kernel)();
  block.fibers[block.now].has_ended = true;
  --block.alive;
  ++block.changes;
  release_block_barrier();  // those that have ended are not waited for
  to_scheduler();
  std::abort();
}

void wait_at(NamedBarrier& barrier, int threads) {
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    ++barrier.epoch;
    ++block.changes;
    return;
  }
  const uint64_t epoch = barrier.epoch;
  while (barrier.epoch == epoch) to_scheduler();
}

void start(int threads, const std::function<void()>& kernel) {
  block.kernel = &kernel;
  block.alive = threads;
  block.at_block = 0;
  block.outcome = {};
  block.warps.assign((threads + 31) / 32, {});
  std::fill(std::begin(block.named), std::end(block.named), NamedBarrier{});
  block.warp_memory.resize(block.warps.size() * kWarpBytes);
  if (static_cast<int>(block.fibers.size()) < threads) block.fibers.resize(threads);
  for (int t = 0; t < threads; ++t) {
    Fiber& fiber = block.fibers[t];
    if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStackBytes);
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.stack.get(), kStackBytes);  // frames of a fiber before that never returned
#endif
    fiber.has_ended = false;
    prepare(fiber, entry);
  }
}

}  // namespace

Outcome run_block(int threads, uint64_t seed, const std::function<void()>& kernel) {
  ESTOC_CHECK(threads > 0 && threads <= kThreadsMax && threads % 32 == 0);
  start(threads, kernel);
  std::mt19937_64 random(seed);
  std::vector<int> order(threads);
  for (int t = 0; t < threads; ++t) order[t] = t;
  while (block.alive > 0 && block.outcome.is_done) {
    if (seed != 0) std::shuffle(order.begin(), order.end(), random);
    const uint64_t before = block.changes;
    for (int t : order) {
      if (!block.fibers[t].has_ended && block.outcome.is_done) to_fiber(t);
    }
    if (block.changes == before && block.outcome.is_done) {
      block.outcome = {false, "the threads of a block wait for each other: " + std::to_string(block.at_block) + " of " +
                                  std::to_string(block.alive) + " are at its barrier"};
    }
  }
  return block.outcome;
}

int thread_index() { return block.now; }

void block_barrier() {
  const uint64_t epoch = block.block_epoch;
  ++block.at_block;
  release_block_barrier();
  while (block.block_epoch == epoch) to_scheduler();
}

void named_barrier(int id, int threads) {
  if (id < 1 || id > 15) fault("a named barrier is 1 to 15");
  wait_at(block.named[id], threads);
}

void warp_barrier() { wait_at(block.warps[block.now / 32], 32); }

void yield() { to_scheduler(); }

void progressed() { ++block.changes; }

void* warp_buffer() { return block.warp_memory.data() + block.now / 32 * kWarpBytes; }

void fault(std::string what) {
  block.outcome = {false, "thread " + std::to_string(block.now) + ": " + what};
  std::string().swap(what);  // this stack is left as it is: nothing on it is destroyed
  to_scheduler();
  std::abort();
}

}  // namespace estoc::gpu::fibers
