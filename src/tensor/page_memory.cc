#include "tensor/page_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace estoc {

PageMemory::PageMemory(uint64_t bytes, std::string_view purpose) : bytes_(bytes) {
  if (bytes == 0) return;
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    fail(ErrorCode::resource_exhausted, "cannot reserve {} bytes for {}: {}", bytes, purpose, std::strerror(errno));
  }
  ::madvise(mapped, bytes, MADV_HUGEPAGE);  // advice only: small pages work as well
  data_ = static_cast<std::byte*>(mapped);
}

void PageMemory::populate(uint64_t begin, uint64_t end) const {
#ifdef MADV_POPULATE_WRITE  // Linux 5.14
  constexpr uint64_t kPage = 4096;
  begin = begin / kPage * kPage;
  if (begin < std::min(end, bytes_)) ::madvise(data_ + begin, std::min(end, bytes_) - begin, MADV_POPULATE_WRITE);
#else
  (void)begin, (void)end;
#endif
}

PageMemory::~PageMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

PageMemory::PageMemory(PageMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

PageMemory& PageMemory::operator=(PageMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace estoc
