#include "packs/pack_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "packs/pack_check.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackEnding = ".pack";
constexpr std::string_view kPartEnding = ".pack.part";

[[noreturn]] void fail_io(const std::string& path, const char* what) {
  fail(ErrorCode::io, "{}: cannot {}: {}", path, what, std::strerror(errno));
}

void require_going_on(const std::string& path, const std::stop_token& stop) {
  if (stop.stop_requested()) fail(ErrorCode::cancelled, "{}: given up before it was written", path);
}

// An open .part file with its lock; removes the file at the end unless it was published.
class PartFile {
 public:
  explicit PartFile(std::string path) : path_(std::move(path)) {}
  ~PartFile() {
    if (is_owner_) ::unlink(path_.c_str());
    if (fd_ >= 0) ::close(fd_);  // ends the lock
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  // False when somebody else has it. A file that was published between our open and our lock is no longer at its path.
  bool take(int flags) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
    if (fd_ < 0) fail_io(path_, "create");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return false;
      fail_io(path_, "lock");
    }
    struct stat own{}, there{};
    if (::fstat(fd_, &own) != 0) fail_io(path_, "stat");
    is_owner_ = ::stat(path_.c_str(), &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev;
    return is_owner_;
  }

  void write_at(uint64_t offset, std::span<const std::byte> bytes, const std::stop_token& stop) {
    constexpr size_t kAtOnce = size_t{1} << 20;
    while (!bytes.empty()) {
      require_going_on(path_, stop);
      const ssize_t done = ::pwrite(fd_, bytes.data(), std::min(bytes.size(), kAtOnce), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) fail_io(path_, "write");
      bring_to_disk(offset, static_cast<uint64_t>(done));
      offset += static_cast<uint64_t>(done);
      bytes = bytes.subspan(static_cast<size_t>(done));
    }
  }

  void empty() {
    if (::ftruncate(fd_, 0) != 0) fail_io(path_, "empty");
  }

  void publish(const std::string& target) {
    if (::fdatasync(fd_) != 0) fail_io(path_, "bring to the disk");
    if (::rename(path_.c_str(), target.c_str()) != 0) fail_io(target, "rename to");
    is_owner_ = false;
  }

 private:
  // The disk begins with these bytes now and is done with those before: a process cannot end while it waits for the
  // disk, so it never waits for much. Advice: what fails here is told by fdatasync.
  void bring_to_disk(uint64_t offset, uint64_t bytes) {
    constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    ::sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
    if (offset > begun_) {
      ::sync_file_range(fd_, static_cast<off_t>(begun_), static_cast<off_t>(offset - begun_), kWait);
    }
    begun_ = offset;
  }

  std::string path_;
  uint64_t begun_ = 0;  // the disk is done with what is before
  int fd_ = -1;
  bool is_owner_ = false;
};

// So that the new name survives a crash as well. Without it the file would merely be missing.
void sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

bool is_hash_name(std::string_view name, std::string_view ending) {
  constexpr size_t kDigits = 16;
  return name.size() == kDigits + ending.size() && name.ends_with(ending) &&
         name.find_first_not_of("0123456789abcdef") == kDigits;
}

void remove_dead_part(const std::string& path) {
  try {
    PartFile(path).take(0);  // removes it at its end when nobody holds the lock
  } catch (const Error&) {   // gone by now, or not ours
  }
}

}  // namespace

bool write_pack(const std::string& path, const PackId& id, const std::vector<PackItem>& items,
                const std::stop_token& stop) {
  PartFile part(path + ".part");
  if (!part.take(O_CREAT)) return false;
  part.empty();
  std::vector<PackEntry> entries;
  for (const PackItem& item : items) {
    require_going_on(path, stop);
    const uint64_t checksum = matrix_checksum({item.bytes.get(), static_cast<size_t>(item.key.bytes)});
    if (item.checksum.value_or(checksum) != checksum) {
      fail(ErrorCode::corrupt_file, "{}: '{}' was changed while it was in use", path, item.key.name);
    }
    entries.push_back({item.key, 0, checksum});
  }
  uint64_t file_bytes = 0;
  const std::vector<std::byte> head = encode_pack_head(id, entries, file_bytes);
  part.write_at(0, head, stop);
  for (size_t i = 0; i < items.size(); ++i) {
    part.write_at(entries[i].offset, {items[i].bytes.get(), static_cast<size_t>(items[i].key.bytes)}, stop);
  }
  part.publish(path);
  sync_directory(fs::path(path).parent_path().string());
  return true;
}

void remove_old_packs(const std::string& directory, size_t count_max) noexcept {
  try {
    std::vector<std::pair<fs::file_time_type, fs::path>> packs;
    for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
      const std::string name = file.path().filename().string();
      if (!file.is_regular_file()) continue;
      if (is_hash_name(name, kPartEnding)) remove_dead_part(file.path().string());
      if (is_hash_name(name, kPackEnding)) packs.emplace_back(file.last_write_time(), file.path());
    }
    std::sort(packs.begin(), packs.end(), std::greater<>());
    std::error_code ignored;
    for (size_t i = count_max; i < packs.size(); ++i) fs::remove(packs[i].second, ignored);
  } catch (const fs::filesystem_error&) {  // a folder that changes under us, or is not ours to list
  }
}

}  // namespace estoc
