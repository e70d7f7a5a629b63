#include "engine/kv_populator.h"

#include <algorithm>

#include "base/background.h"

namespace estoc {
namespace {

// 1,024 positions, half a second of prompts. More would only keep the first requests waiting.
constexpr int kAheadBlocks = 1024 / kKvBlockTokens;
// What is populated at once: meanwhile the system keeps others from changing the address space.
constexpr uint64_t kPieceBytes = uint64_t{2} << 20;
constexpr uint64_t kSmallPoolBytes = uint64_t{64} << 20;

int blocks_of(uint64_t bytes, uint64_t block_bytes) {
  return static_cast<int>(std::max<uint64_t>(1, bytes / std::max<uint64_t>(1, block_bytes)));
}

}  // namespace

KvPopulator::KvPopulator(const KvStorage& storage, std::vector<int> block_counts)
    : storage_(storage), block_counts_(std::move(block_counts)), done_(block_counts_.size()), wanted_(done_) {
  if (storage.total_bytes() < kSmallPoolBytes) return;
  for (int group = 0; group < storage.group_count(); ++group) keep_ahead(group, 0);
  thread_ = std::thread([this] { run(); });
}

KvPopulator::~KvPopulator() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void KvPopulator::keep_ahead(int group, int reach) {
  const auto g = static_cast<size_t>(group);
  const int wanted = std::min(block_counts_[g], reach + kAheadBlocks);
  {
    const std::lock_guard lock(mutex_);
    if (wanted <= wanted_[g]) return;
    wanted_[g] = wanted;
  }
  wake_.notify_one();
}

bool KvPopulator::has_work() const { return done_ != wanted_; }

void KvPopulator::run() {
  enter_background();
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_stopping_ || has_work(); });
    if (is_stopping_) return;
    const auto g = static_cast<size_t>(std::ranges::mismatch(done_, wanted_).in1 - done_.begin());
    const int begin = done_[g];
    const int piece = blocks_of(kPieceBytes, storage_.block_bytes_of_group(static_cast<int>(g)));
    done_[g] = std::min(wanted_[g], begin + piece);
    lock.unlock();
    storage_.populate(static_cast<int>(g), begin, done_[g]);
    lock.lock();
  }
}

}  // namespace estoc
