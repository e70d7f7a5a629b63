// A file that is being downloaded in pieces, and the record of which pieces it has.
//
// What: PATH holds the bytes where they belong; PATH.parts holds a line that says what the file is to become and a
// digit a piece. A piece is recorded after its bytes were written, so a process that was killed loses only the pieces
// it was at. After a crash of the machine the record may be ahead of the disk; the digest, which is checked over all
// bytes before the file gets its name, finds that. Ownership: owns the open files. Threads and processes: one at a
// time; the caller holds a lock. Errors: Error{io, resource_exhausted} with the path and the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace estoc {

class PartFile {
 public:
  static constexpr uint64_t kPieceBytes = uint64_t{8} << 20;

  // Goes on with what is there when it was to become the same: `identity`, one line of what the bytes are known by, and
  // the size.
  PartFile(std::string path, const std::string& identity, uint64_t size);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  uint64_t size() const { return size_; }
  size_t piece_count() const { return pieces_.size(); }
  uint64_t piece_begin(size_t piece) const { return piece * kPieceBytes; }
  uint64_t piece_bytes(size_t piece) const;
  bool has_piece(size_t piece) const { return pieces_[piece] == '1'; }
  bool is_complete() const { return pieces_.find('0') == std::string::npos; }
  uint64_t bytes_had() const;

  void write(uint64_t offset, std::string_view bytes);
  void record(size_t piece);
  void read(uint64_t offset, std::span<std::byte> bytes) const;
  // Forgets all pieces.
  void start_over();

  // Gives the whole file its name, on the disk first; nothing of the part file is left.
  void become(const std::string& target);
  void remove();

  // Bytes that an earlier download left at this path; 0 without one.
  static uint64_t bytes_left_at(const std::string& path);

 private:
  const std::string path_, record_path_;
  const uint64_t size_;
  std::string pieces_;       // a digit each
  size_t record_begin_ = 0;  // where they are in the record
  int file_ = -1, record_ = -1;
};

}  // namespace estoc
