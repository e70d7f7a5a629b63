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

#if defined(__x86_64__)
using Saved = void*;  // a stack pointer; what the ABI wants kept lies on the stack
#else
using Saved = ucontext_t;
#endif

struct Fiber {
  Saved saved{};
  std::unique_ptr<char[]> stack;
  bool has_ended = false;
  bool has_arrived = false;    // at the cluster's barrier, and not waited yet
  uint64_t cluster_epoch = 0;  // when it arrived
};

struct NamedBarrier {
  int arrived = 0;
  uint64_t epoch = 0;
};

// What each block of the cluster has for itself.
struct Member {
  int alive = 0;
  int at_barrier = 0;
  uint64_t epoch = 0;
  NamedBarrier named[16];
};

struct Cluster {
  std::vector<Fiber> fibers;  // of all members, one after the other
  Saved scheduler{};
  const std::function<void()>* kernel = nullptr;
  int now = 0;
  int threads = 0;  // of a member
  int alive = 0;
  std::vector<Member> members;
  int at_cluster = 0;
  uint64_t cluster_epoch = 0;
  std::vector<NamedBarrier> warps;
  std::vector<char> warp_memory;
  uint64_t changes = 0;  // grows whenever somebody who waits may go on
  Outcome outcome;
#if defined(__SANITIZE_ADDRESS__)
  const void* scheduler_stack = nullptr;
  size_t scheduler_bytes = 0;
#endif
};

thread_local Cluster cluster;

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
  Fiber& self = cluster.fibers[cluster.now];
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, cluster.scheduler_stack, cluster.scheduler_bytes);
#endif
  switch_saved(self.saved, cluster.scheduler);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void to_fiber(int index) {
  cluster.now = index;
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, cluster.fibers[index].stack.get(), kStackBytes);
#endif
  switch_saved(cluster.scheduler, cluster.fibers[index].saved);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

Member& member() { return cluster.members[cluster.now / cluster.threads]; }

void release_block_barrier() {
  Member& mine = member();
  if (mine.at_barrier == 0 || mine.at_barrier < mine.alive) return;
  mine.at_barrier = 0;
  ++mine.epoch;
  ++cluster.changes;
}

void release_cluster_barrier() {
  if (cluster.at_cluster == 0 || cluster.at_cluster < cluster.alive) return;
  cluster.at_cluster = 0;
  ++cluster.cluster_epoch;
  ++cluster.changes;
}

void entry() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &cluster.scheduler_stack, &cluster.scheduler_bytes);
#endif
  (*cluster.kernel)();
  Fiber& self = cluster.fibers[cluster.now];
  if (self.has_arrived && self.cluster_epoch == cluster.cluster_epoch) --cluster.at_cluster;
  self.has_ended = true;
  --member().alive;
  --cluster.alive;
  ++cluster.changes;
  release_block_barrier();  // those that have ended are not waited for
  release_cluster_barrier();
  to_scheduler();
  std::abort();
}

void wait_at(NamedBarrier& barrier, int threads) {
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    ++barrier.epoch;
    ++cluster.changes;
    return;
  }
  const uint64_t epoch = barrier.epoch;
  while (barrier.epoch == epoch) to_scheduler();
}

void start(int blocks, int threads, const std::function<void()>& kernel) {
  const int all = blocks * threads;
  cluster.kernel = &kernel;
  cluster.threads = threads;
  cluster.alive = all;
  cluster.members.assign(blocks, {});
  for (Member& each : cluster.members) each.alive = threads;
  cluster.at_cluster = 0;
  cluster.cluster_epoch = 0;
  cluster.outcome = {};
  cluster.warps.assign(all / 32, {});
  cluster.warp_memory.resize(cluster.warps.size() * kWarpBytes);
  if (static_cast<int>(cluster.fibers.size()) < all) cluster.fibers.resize(all);
  for (int t = 0; t < all; ++t) {
    Fiber& fiber = cluster.fibers[t];
    if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStackBytes);
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.stack.get(), kStackBytes);  // frames of a fiber before that never returned
#endif
    fiber.has_ended = false;
    fiber.has_arrived = false;
    prepare(fiber, entry);
  }
}

}  // namespace

Outcome run_cluster(int blocks, int threads, uint64_t seed, const std::function<void()>& kernel) {
  ESTOC_CHECK(threads > 0 && threads <= kThreadsMax && threads % 32 == 0);
  ESTOC_CHECK(blocks > 0 && blocks <= kClusterMax);
  start(blocks, threads, kernel);
  std::mt19937_64 random(seed);
  std::vector<int> order(static_cast<size_t>(blocks * threads));
  for (int t = 0; t < blocks * threads; ++t) order[t] = t;
  while (cluster.alive > 0 && cluster.outcome.is_done) {
    if (seed != 0) std::shuffle(order.begin(), order.end(), random);
    const uint64_t before = cluster.changes;
    for (int t : order) {
      if (!cluster.fibers[t].has_ended && cluster.outcome.is_done) to_fiber(t);
    }
    if (cluster.changes == before && cluster.outcome.is_done) {
      int waiting = 0;
      for (const Member& each : cluster.members) waiting += each.at_barrier;
      cluster.outcome = {false, "the threads of a block wait for each other: " + std::to_string(waiting) + " of " +
                                    std::to_string(cluster.alive) + " are at its barrier"};
      if (blocks > 1) cluster.outcome.fault += ", " + std::to_string(cluster.at_cluster) + " at the cluster's";
    }
  }
  return cluster.outcome;
}

int thread_index() { return cluster.now % cluster.threads; }

int block_rank() { return cluster.now / cluster.threads; }

int cluster_blocks() { return static_cast<int>(cluster.members.size()); }

bool is_running(int rank) { return cluster.members[static_cast<size_t>(rank)].alive > 0; }

void block_barrier() {
  Member& mine = member();
  const uint64_t epoch = mine.epoch;
  ++mine.at_barrier;
  release_block_barrier();
  while (mine.epoch == epoch) to_scheduler();
}

void cluster_arrive() {
  Fiber& self = cluster.fibers[cluster.now];
  if (self.has_arrived) fault("arrives at the cluster's barrier again before it has waited");
  self.has_arrived = true;
  self.cluster_epoch = cluster.cluster_epoch;
  ++cluster.at_cluster;
  release_cluster_barrier();
}

void cluster_wait() {
  Fiber& self = cluster.fibers[cluster.now];
  if (!self.has_arrived) fault("waits at the cluster's barrier without having arrived");
  while (cluster.cluster_epoch == self.cluster_epoch) to_scheduler();
  self.has_arrived = false;
}

bool has_cluster_met() { return cluster.cluster_epoch > 0; }

void named_barrier(int id, int threads) {
  if (id < 1 || id > 15) fault("a named barrier is 1 to 15");
  wait_at(member().named[id], threads);
}

void warp_barrier() { wait_at(cluster.warps[cluster.now / 32], 32); }

void yield() { to_scheduler(); }

void progressed() { ++cluster.changes; }

void* warp_buffer() { return cluster.warp_memory.data() + cluster.now / 32 * kWarpBytes; }

void fault(std::string what) {
  cluster.outcome = {false, "thread " + std::to_string(thread_index()) + ": " + what};
  cluster.outcome.rank = block_rank();
  std::string().swap(what);  // this stack is left as it is: nothing on it is destroyed
  to_scheduler();
  std::abort();
}

}  // namespace estoc::gpu::fibers
