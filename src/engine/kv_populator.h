// Has the memory of KV blocks ready before they are taken.
//
// What: the pool is a reservation; the system gives pages at the first touch, which takes a prompt's step a third of
// its time. A thread of its own, in the background, stays some blocks ahead of the highest one in use: what is resident
// still grows with use. A small pool is not worth a thread.
//
// Ownership: borrows the storage, which must outlive it. Threads: one thread calls keep_ahead. Errors: none; where the
// thread gets no time, or the system no memory, blocks are backed when they are touched.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tensor/kv_storage.h"

namespace estoc {

class KvPopulator {
 public:
  KvPopulator(const KvStorage& storage, std::vector<int> block_counts);
  ~KvPopulator();

  // Blocks of the group below `reach` have been in use. Cheap; call after each step.
  void keep_ahead(int group, int reach);

 private:
  void run();
  bool has_work() const;

  const KvStorage& storage_;
  const std::vector<int> block_counts_;  // [groups], as all below
  std::vector<int> done_;                // populated below; the thread's own
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<int> wanted_;  // protected by mutex_
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace estoc
