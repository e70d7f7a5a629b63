// A block of GPU threads on one CPU thread: each GPU thread is a fiber that runs until it must wait for another.
//
// run_block() gives every fiber its turn, in order or shuffled by a seed, until all have ended. A round in which nobody
// got further means that they wait for each other: the block has failed, as it has when a fiber calls fault(). Fibers
// of a failed block are dropped where they stand, so kernels may own nothing.
//
// One block at a time a CPU thread. All functions but run_block() are called from inside a fiber.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace estoc::gpu::fibers {

inline constexpr int kThreadsMax = 1024;

struct Outcome {
  bool is_done = true;
  std::string fault;  // what went wrong, empty when done
};

Outcome run_block(int threads, uint64_t seed, const std::function<void()>& kernel);

int thread_index();
// Waits for all fibers of the block that have not ended.
void block_barrier();
// Waits for `threads` fibers at barrier `id` (1 .. 15).
void named_barrier(int id, int threads);
// Waits for the 32 fibers of the warp.
void warp_barrier();
// Lets others run; for loops that wait for memory to change. `progressed` says that the caller saw a change.
void yield();
// Tells that something others may wait for has changed.
void progressed();
// 1024 bytes that the fibers of a warp share.
void* warp_buffer();
[[noreturn]] void fault(std::string what);

}  // namespace estoc::gpu::fibers
