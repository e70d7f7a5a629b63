// A block of GPU threads on one CPU thread, or the blocks of a cluster: each GPU thread is a fiber that runs until it
// must wait for another.
//
// run_cluster() gives every fiber its turn, in order or shuffled by a seed, until all have ended. A round in which
// nobody got further means that they wait for each other: the cluster has failed, as it has when a fiber calls fault().
// Fibers of a failed cluster are dropped where they stand, so kernels may own nothing.
//
// One cluster at a time a CPU thread. All functions but the first two are called from inside a fiber.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace estoc::gpu::fibers {

inline constexpr int kThreadsMax = 1024;  // of a block
inline constexpr int kClusterMax = 8;     // blocks

struct Outcome {
  bool is_done = true;
  std::string fault;  // what went wrong, empty when done
  int rank = 0;       // of the block where it did
};

Outcome run_cluster(int blocks, int threads, uint64_t seed, const std::function<void()>& kernel);
inline Outcome run_block(int threads, uint64_t seed, const std::function<void()>& kernel) {
  return run_cluster(1, threads, seed, kernel);
}

int thread_index();  // in its block
int block_rank();    // of its block in the cluster
int cluster_blocks();
// Whether block `rank` has threads that have not ended.
bool is_running(int rank);
// Waits for all fibers of the block that have not ended.
void block_barrier();
// The cluster's barrier in two halves: a fiber waits until all that have not ended have arrived as often as itself.
// Faults where a fiber arrives again before it has waited, or waits without having arrived.
void cluster_arrive();
void cluster_wait();
// Whether the cluster's barrier was passed since the cluster began: then all of its blocks are there.
bool has_cluster_met();
// Waits for `threads` fibers at barrier `id` (1 .. 15).
void named_barrier(int id, int threads);
// Waits for the 32 fibers of the warp.
void warp_barrier();
// Lets others run; for loops that wait for memory to change. `progressed` says that the caller saw a change.
void yield();
// Tells that something others may wait for has changed.
void progressed();
// kWarpBytes that the fibers of a warp share.
inline constexpr int kWarpBytes = 2048;
void* warp_buffer();
[[noreturn]] void fault(std::string what);

}  // namespace estoc::gpu::fibers
