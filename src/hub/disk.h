// Small acts on the file system that the caches share: folders, whole files, room, locks.
//
// Threads and processes: any; what one writes appears whole to the others or not at all.
// Errors: Error{io} with the path and the system's reason.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace estoc {

void make_folders(const std::string& path);
inline std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Writes a small file under another name and renames it.
void write_whole_file(const std::string& path, std::string_view content);

// Throws Error{resource_exhausted} when the disk that `folder` is or will be on has less than `bytes` free.
void require_room(const std::string& folder, uint64_t bytes);

// An exclusive lock on a file that stays, as flock(2) has them: Python's filelock uses the same.
class FileLock {
 public:
  // Waits for it; `on_wait` is called once when another process has it.
  FileLock(const std::string& path, const std::function<void()>& on_wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Whether somebody holds the lock now; false when there is no such file.
  static bool is_held(const std::string& path);

 private:
  int file_ = -1;
};

}  // namespace estoc
