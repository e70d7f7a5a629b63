// Has the memory of KV blocks ready before they are taken.
//
// What: the pool is a reservation; the system gives pages at the first touch, which in a virtual machine whose host has
// to find the memory as well takes as long as the computing. A thread of its own stays ahead of the highest block in
// use: a little while steps are computed, whose CPUs it shares, and while nobody waits the further the more the pool is
// used, or far at once where memory is found to come slowly. A small pool is not worth a thread.
//
// Ownership: borrows the storage, which must outlive it. Threads: one thread calls keep_ahead and set_idle. Errors:
// none; where the thread gets no time, or the system no memory, blocks are backed when they are touched.
#pragma once

#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tensor/state_storage.h"

namespace estoc {

class KvPopulator {
 public:
  // Below this the first touch of a prompt's keys and values is a tenth of its step and more. Clearing pages is several
  // times as fast; a host that has to find them first gives a fraction.
  static constexpr double kSlowBytesPerSecond = 2e9;

  // Memory that comes at less than `slow_bytes_per_second` is backed far ahead as soon as nobody waits.
  KvPopulator(const StateStorage& storage, std::vector<int> block_counts,
              double slow_bytes_per_second = kSlowBytesPerSecond);
  ~KvPopulator();

  // Blocks of the group below `reach` have been in use. Cheap; call after each step.
  void keep_ahead(int group, int reach);
  // Whether no step is computed or waited for. Idle until told otherwise.
  void set_idle(bool is_idle);

 private:
  void run();
  int wanted(size_t group) const REQUIRES(mutex_);
  int unready_group() const REQUIRES(mutex_);  // -1 when all have what is wanted
  void note_speed(double bytes, double seconds);
  bool is_slow() const { return seconds_per_byte_ * slow_bytes_per_second_ > 1; }

  const StateStorage& storage_;
  const std::vector<int> block_counts_;  // [groups], as all below
  const double slow_bytes_per_second_;
  std::vector<int> done_;        // populated below; the thread's own, as the next
  double seconds_per_byte_ = 0;  // of the last pieces
  Mutex mutex_;
  Condition wake_;
  std::vector<int> reach_ GUARDED_BY(mutex_);
  bool is_idle_ GUARDED_BY(mutex_) = true;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace estoc
