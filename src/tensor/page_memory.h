// Large zeroed memory straight from the kernel, 64-byte aligned, huge pages asked for. Owns one mapping; moves.
// Pages cost nothing until they are touched. Throws Error{resource_exhausted} with the size and purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace estoc {

class PageMemory {
 public:
  PageMemory() = default;
  PageMemory(uint64_t bytes, std::string_view purpose);
  ~PageMemory();
  PageMemory(PageMemory&& other) noexcept;
  PageMemory& operator=(PageMemory&& other) noexcept;

  // Has the system back the pages that hold [begin, end) now, so that nobody waits for it at the first touch. What they
  // hold stays. Any thread. Advice: does nothing where the system cannot.
  void populate(uint64_t begin, uint64_t end) const;

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace estoc
