#include "runner/kv_populator.h"

#include <algorithm>
#include <chrono>

#include "base/background.h"

namespace estoc {
namespace {

// While steps are computed: 1,024 positions, half a second of prompts.
constexpr int kBusyBlocks = 1024 / kKvBlockTokens;
// Otherwise so much, the whole pool if it is no larger, where memory comes slowly; elsewhere, so that a server that is
// little used stays small, so many times what has been in use.
constexpr uint64_t kIdleBytes = uint64_t{4} << 30;
constexpr int kIdleFactor = 8;
// What is populated at once: meanwhile the system keeps others from changing the address space.
constexpr uint64_t kPieceBytes = uint64_t{2} << 20;
// While steps are computed the thread rests so many times as long as it has worked: what it has no time for is backed
// at the first touch, by all compute threads at once.
constexpr int kBusyRest = 3;
constexpr uint64_t kSmallPoolBytes = uint64_t{64} << 20;

int blocks_of(uint64_t bytes, uint64_t block_bytes) {
  return static_cast<int>(std::max<uint64_t>(1, bytes / std::max<uint64_t>(1, block_bytes)));
}

}  // namespace

KvPopulator::KvPopulator(const StateStorage& storage, std::vector<int> block_counts, double slow_bytes_per_second)
    : storage_(storage),
      block_counts_(std::move(block_counts)),
      slow_bytes_per_second_(slow_bytes_per_second),
      done_(block_counts_.size()),
      reach_(done_) {
  if (storage.total_bytes() >= kSmallPoolBytes) thread_ = std::thread([this] { run(); });
}

KvPopulator::~KvPopulator() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void KvPopulator::keep_ahead(int group, int reach) {
  const auto g = static_cast<size_t>(group);
  {
    const MutexLock lock(mutex_);
    if (reach <= reach_[g]) return;
    reach_[g] = reach;
  }
  wake_.notify_one();
}

void KvPopulator::set_idle(bool is_idle) {
  {
    const MutexLock lock(mutex_);
    if (is_idle == is_idle_) return;
    is_idle_ = is_idle;
  }
  if (is_idle) wake_.notify_one();
}

int KvPopulator::wanted(size_t group) const {
  int ahead = kBusyBlocks;
  if (is_idle_) {
    const int most = blocks_of(kIdleBytes, storage_.block_bytes_of_group(static_cast<int>(group)));
    const int64_t far = is_slow() ? most : int64_t{kIdleFactor} * reach_[group];
    ahead = std::max(ahead, static_cast<int>(std::min<int64_t>(most, far)));
  }
  return std::min(block_counts_[group], reach_[group] + ahead);
}

int KvPopulator::unready_group() const {
  for (size_t g = 0; g < done_.size(); ++g) {
    if (done_[g] < wanted(g)) return static_cast<int>(g);
  }
  return -1;
}

// A mean of the last pieces: some of a piece's pages may be there already.
void KvPopulator::note_speed(double bytes, double seconds) {
  constexpr double kWeight = 0.1;
  seconds_per_byte_ += kWeight * (seconds / bytes - seconds_per_byte_);
}

void KvPopulator::run() {
  enter_background();
  MutexLock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this]() REQUIRES(mutex_) { return is_stopping_ || unready_group() >= 0; });
    if (is_stopping_) return;
    const int group = unready_group();
    const auto g = static_cast<size_t>(group);
    const int begin = done_[g];
    const int piece = blocks_of(kPieceBytes, storage_.block_bytes_of_group(group));
    done_[g] = std::min(wanted(g), begin + piece);
    lock.unlock();
    const auto started = std::chrono::steady_clock::now();
    storage_.populate(group, begin, done_[g]);
    const auto worked = std::chrono::steady_clock::now() - started;
    lock.lock();
    note_speed(static_cast<double>(done_[g] - begin) * static_cast<double>(storage_.block_bytes_of_group(group)),
               std::chrono::duration<double>(worked).count());
    if (!is_idle_)
      wake_.wait_for(lock, kBusyRest * worked, [this]() REQUIRES(mutex_) { return is_stopping_ || is_idle_; });
  }
}

}  // namespace estoc
