// A whole file mapped read-only. Owns the mapping; moves, does not copy. Safe to read from any thread. The mapping is
// shared: what others write into the file is seen, and when they cut it short the process ends (base/file_faults.h).
// Throws Error{not_found, io} with the path and the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace estoc {

// What the file system says of a file's content without reading it: when any of it differs, the content may. The time
// of the last status change is there because programs can set the modification time back, and cannot set that one.
struct FileStamp {
  uint64_t bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

// The stamp of the file a path means now; nothing when there is none.
std::optional<FileStamp> file_stamp(const std::string& path);

class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }  // when it was opened

  // Tells the kernel the pages will not be read again soon (after weights were packed); the mapping stays valid.
  void release_pages() const;
  // Tells the kernel that all of it will be read soon, so that it reads ahead from disk.
  void expect_reading() const;

 private:
  std::string path_;
  FileStamp stamp_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Reads a whole small file. Throws Error{not_found, io}, and Error{invalid_argument} past `bytes_max`.
std::string read_file(const std::string& path, size_t bytes_max = size_t{1} << 30);

}  // namespace estoc
