#include "hub/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/format_bytes.h"

namespace estoc {
namespace {

[[noreturn]] void fail_io(const std::string& path, const char* what) {
  const int error = errno;
  fail(error == ENOSPC || error == EDQUOT ? ErrorCode::resource_exhausted : ErrorCode::io, "{}: {}: {}", path, what,
       std::strerror(error));
}

}  // namespace

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(ErrorCode::io, "{}: the folder cannot be made: {}", path, error.message());
}

void write_whole_file(const std::string& path, std::string_view content) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file < 0) fail_io(temporary, "cannot be written");
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t count = ::write(file, content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(file);
      ::unlink(temporary.c_str());
      errno = error;
      fail_io(temporary, "cannot be written");
    }
    done += static_cast<size_t>(count);
  }
  if (::close(file) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) fail_io(path, "cannot be written");
}

void require_room(const std::string& folder, uint64_t bytes) {
  std::filesystem::path path = folder;
  std::error_code error;
  while (!std::filesystem::exists(path, error) && path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
  }
  const auto space = std::filesystem::space(path, error);
  if (error || space.available >= bytes) return;  // what cannot be asked is not refused
  fail(ErrorCode::resource_exhausted, "{}: {} are needed, and the disk has {} free", folder, format_bytes(bytes),
       format_bytes(space.available));
}

FileLock::FileLock(const std::string& path, const std::function<void()>& on_wait) {
  constexpr mode_t kGroupMayWait = 0664;
  for (bool is_told = false;;) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kGroupMayWait);
    if (file_ < 0) fail_io(path, "the lock cannot be opened");
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
      struct stat status{};
      // Another may have removed the file between the two: then this lock is on nothing.
      if (::fstat(file_, &status) == 0 && status.st_nlink > 0) return;
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      ::close(std::exchange(file_, -1));
      fail_io(path, "cannot be locked");
    } else {
      if (!is_told && on_wait) on_wait();
      is_told = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ::close(std::exchange(file_, -1));
  }
}

FileLock::~FileLock() { ::close(file_); }

bool FileLock::is_held(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return false;
  const bool is_free = ::flock(file, LOCK_EX | LOCK_NB) == 0;
  ::close(file);
  return !is_free;
}

}  // namespace estoc
