// A whole file mapped read-only. Owns the mapping; moves, does not copy. Safe to read from any thread.
// Throws Error{not_found, io} with the path and the system's reason.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace estoc {

class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  // Tells the kernel the pages will not be read again soon (after weights were packed); the mapping stays valid.
  void release_pages() const;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Reads a whole small file. Throws Error{not_found, io}, and Error{invalid_argument} past `bytes_max`.
std::string read_file(const std::string& path, size_t bytes_max = size_t{1} << 30);

}  // namespace estoc
