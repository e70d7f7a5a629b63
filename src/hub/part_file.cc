#include "hub/part_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "hub/hub_limits.h"

namespace estoc {
namespace {

[[noreturn]] void fail_io(const std::string& path, const char* what) {
  const int error = errno;
  fail(error == ENOSPC || error == EDQUOT ? ErrorCode::resource_exhausted : ErrorCode::io, "{}: {}: {}", path, what,
       std::strerror(error));
}

int open_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file < 0) fail_io(path, "cannot be written");
  return file;
}

void write_at(int file, const std::string& path, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_io(path, "cannot be written");
    offset += static_cast<uint64_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

std::string read_all(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || status.st_size < 0) return {};
  constexpr off_t kRecordBytesMax = 4096 + static_cast<off_t>(limits::kFileBytesMax / PartFile::kPieceBytes);
  if (status.st_size > kRecordBytesMax) return {};
  std::string text(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  text.resize(done);
  return text;
}

size_t pieces_of(uint64_t size) {
  return std::max<size_t>(1, static_cast<size_t>((size + PartFile::kPieceBytes - 1) / PartFile::kPieceBytes));
}

}  // namespace

PartFile::PartFile(std::string path, const std::string& identity, uint64_t size)
    : path_(std::move(path)), record_path_(path_ + ".parts"), size_(size), pieces_(pieces_of(size), '0') {
  ESTOC_CHECK(size <= limits::kFileBytesMax);
  file_ = open_file(path_);
  record_ = open_file(record_path_);
  const std::string head = fmt::format("estoc parts 1 {} {} {}\n", identity, size, kPieceBytes);
  record_begin_ = head.size();
  const std::string found = read_all(record_);
  const std::string_view digits = std::string_view(found).substr(std::min(head.size(), found.size()));
  if (found.starts_with(head) && digits.size() == pieces_.size() &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0' || c == '1'; })) {
    pieces_ = digits;
    return;
  }
  if (::ftruncate(file_, 0) != 0 || ::ftruncate(record_, 0) != 0) fail_io(path_, "cannot be written");
  write_at(record_, record_path_, 0, head + pieces_);
}

PartFile::~PartFile() {
  if (file_ >= 0) ::close(file_);
  if (record_ >= 0) ::close(record_);
}

uint64_t PartFile::piece_bytes(size_t piece) const { return std::min(kPieceBytes, size_ - piece_begin(piece)); }

uint64_t PartFile::bytes_had() const {
  uint64_t bytes = 0;
  for (size_t piece = 0; piece < pieces_.size(); ++piece) bytes += has_piece(piece) ? piece_bytes(piece) : 0;
  return bytes;
}

void PartFile::write(uint64_t offset, std::string_view bytes) {
  ESTOC_CHECK(offset <= size_ && bytes.size() <= size_ - offset);
  write_at(file_, path_, offset, bytes);
}

void PartFile::record(size_t piece) {
  pieces_[piece] = '1';
  write_at(record_, record_path_, record_begin_ + piece, "1");
}

void PartFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) errno = EIO;
      fail_io(path_, "cannot be read back");
    }
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void PartFile::start_over() {
  std::fill(pieces_.begin(), pieces_.end(), '0');
  write_at(record_, record_path_, record_begin_, pieces_);
}

void PartFile::become(const std::string& target) {
  ESTOC_CHECK(is_complete());
  if (::ftruncate(file_, static_cast<off_t>(size_)) != 0 || ::fsync(file_) != 0) fail_io(path_, "cannot be written");
  // A name that leads elsewhere is replaced, not followed.
  if (::rename(path_.c_str(), target.c_str()) != 0) fail_io(target, "cannot be written");
  ::unlink(record_path_.c_str());
}

void PartFile::remove() {
  ::unlink(path_.c_str());
  ::unlink(record_path_.c_str());
}

uint64_t PartFile::bytes_left_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

}  // namespace estoc
