// A cursor over the bytes of one file that cannot leave them.
//
// Reads little-endian values at any alignment. Borrowed: the bytes and the file name outlive the reader. One thread.
// Every read throws Error{corrupt_file} naming the file, the place and what was being read when the bytes run out.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/shown.h"

namespace estoc {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they are");

class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(&file) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  template <typename T>
  T read(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof value, what), sizeof value);
    return value;
  }

  // A u64 length and that many bytes, as a view into the file.
  std::string_view read_string(std::string_view what) {
    const auto length = read<uint64_t>(what);
    return {reinterpret_cast<const char*>(take(length, what)), static_cast<size_t>(length)};
  }

 private:
  const std::byte* take(uint64_t count, std::string_view what) {
    if (count > remaining()) {
      fail(ErrorCode::corrupt_file, "{}: truncated at byte {} in {}: {} bytes were expected, {} are left", *file_,
           position_, what, count, remaining());
    }
    const std::byte* start = bytes_.data() + position_;
    position_ += static_cast<size_t>(count);
    return start;
  }

  std::span<const std::byte> bytes_;
  const std::string* file_;
  size_t position_ = 0;
};

}  // namespace estoc
