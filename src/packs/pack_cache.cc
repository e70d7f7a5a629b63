#include "packs/pack_cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "kernels/panels.h"
#include "packs/pack_check.h"
#include "weights/fingerprint.h"

namespace estoc {
namespace {

uint64_t bytes_of(const std::vector<PackItem>& items) {
  uint64_t bytes = 0;
  for (const PackItem& item : items) bytes += item.key.bytes;
  return bytes;
}

// Writing must never be what fills somebody's disk: as much again has to stay free.
void require_space(const std::string& directory, uint64_t bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (!error && space.available / 2 < bytes) {
    fail(ErrorCode::io, "{}: {} MB are free, expected twice the {} MB to be written", directory,
         space.available / 1'000'000, bytes / 1'000'000);
  }
}

// For a thread that only writes a file: it gets out of the way of those that compute, and takes no signals (one of
// them, SIGXFSZ, would end the process for what is a failed write) but the one that tells of a lost file.
void become_background_thread() {
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGBUS);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  constexpr int kNice = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // Linux: of this thread
}

}  // namespace

PackCache::PackCache(PackCacheOptions options, const WeightSource& source, ThreadTeam& team)
    : options_(std::move(options)),
      source_(source),
      id_{.fingerprint = fingerprint_of(source), .layout_version = kernels::kPanelLayoutVersion},
      path_((std::filesystem::path(options_.directory) / id_.file_name()).string()) {
  try {
    auto file = std::make_shared<const MappedFile>(path_);
    file->expect_reading();
    entries_ = parse_pack(file->bytes(), id_, path_);
    const auto started = std::chrono::steady_clock::now();
    check_matrices(file->bytes(), entries_, team, path_);
    file_ = std::move(file);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    log_debug("packed weights of an earlier start are at {}, checked in {:.3f} s", path_, took.count());
    ::utimensat(AT_FDCWD, path_.c_str(), nullptr, 0);  // used now; on a read-only disk nobody removes old ones either
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt_file) log_warn("packing the weights anew: {}", error.what());
  }
}

PackCache::~PackCache() { wait(); }

PackedBytes PackCache::find(const PackedKey& key) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const PackEntry& e) { return e.key == key; });
  if (file_ == nullptr || entry == entries_.end()) return nullptr;
  const auto bytes = file_->bytes().subspan(static_cast<size_t>(entry->offset), static_cast<size_t>(key.bytes));
  PackedBytes found(file_, bytes.data());
  use({key, found, entry->checksum});
  return found;
}

void PackCache::add(const PackedKey& key, PackedBytes bytes) {
  has_new_items_ = true;
  use({key, std::move(bytes)});
}

// A matrix that two layers share is kept once; two slices of one tensor are two matrices.
void PackCache::use(PackItem item) {
  const auto is_same = [&](const PackItem& other) { return other.key == item.key; };
  if (std::none_of(items_.begin(), items_.end(), is_same)) items_.push_back(std::move(item));
}

bool PackCache::is_worth_writing() const {
  return has_new_items_ && bytes_of(items_) >= options_.bytes_min && is_unchanged(source_);
}

void PackCache::keep() {
  if (is_worth_writing()) {
    writer_ = std::thread([this] { write(); });
  } else {
    items_.clear();
  }
}

void PackCache::wait() {
  if (writer_.joinable()) writer_.join();
}

void PackCache::abandon() { abandoned_.request_stop(); }

void PackCache::write() noexcept {
  become_background_thread();
  try {
    const auto started = std::chrono::steady_clock::now();
    std::error_code error;
    std::filesystem::create_directories(options_.directory, error);
    if (error) fail(ErrorCode::io, "{}: cannot make this folder: {}", options_.directory, error.message());
    require_space(options_.directory, bytes_of(items_));
    if (write_pack(path_, id_, items_, abandoned_.get_token())) {
      remove_old_packs(options_.directory, kPacksMax);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
      log_debug("packed weights kept at {} in {:.2f} s", path_, took.count());
    }
  } catch (const std::exception& problem) {
    if (abandoned_.stop_requested()) return log_debug("packed weights are not kept: the program ends");
    log_warn("packed weights are not kept for the next start: {}", problem.what());
  }
  items_.clear();
}

}  // namespace estoc
