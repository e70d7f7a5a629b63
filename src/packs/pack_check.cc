#include "packs/pack_check.h"

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"

namespace estoc {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

size_t piece_count(size_t bytes) { return (bytes + kPieceBytes - 1) / kPieceBytes; }

uint64_t piece_checksum(std::span<const std::byte> bytes, size_t piece) {
  const size_t begin = piece * kPieceBytes;
  return hash64(bytes.subspan(begin, std::min(kPieceBytes, bytes.size() - begin)));
}

uint64_t checksum_of_pieces(std::span<const uint64_t> pieces) { return hash64(std::as_bytes(pieces)); }

}  // namespace

uint64_t matrix_checksum(std::span<const std::byte> bytes) {
  std::vector<uint64_t> pieces(piece_count(bytes.size()));
  for (size_t i = 0; i < pieces.size(); ++i) pieces[i] = piece_checksum(bytes, i);
  return checksum_of_pieces(pieces);
}

void check_matrices(std::span<const std::byte> file, const std::vector<PackEntry>& entries, ThreadTeam& team,
                    const std::string& name) {
  struct Piece {
    std::span<const std::byte> matrix;
    size_t number = 0;
    uint64_t checksum = 0;
  };
  std::vector<Piece> pieces;
  for (const PackEntry& entry : entries) {
    const auto matrix = file.subspan(static_cast<size_t>(entry.offset), static_cast<size_t>(entry.key.bytes));
    for (size_t i = 0; i < piece_count(matrix.size()); ++i) pieces.push_back({matrix, i});
  }
  team.parallel_items(static_cast<int64_t>(pieces.size()), [&](int64_t item, int) {
    Piece& piece = pieces[static_cast<size_t>(item)];
    piece.checksum = piece_checksum(piece.matrix, piece.number);
  });
  auto next = pieces.cbegin();
  for (const PackEntry& entry : entries) {
    std::vector<uint64_t> checksums;
    for (size_t i = piece_count(static_cast<size_t>(entry.key.bytes)); i > 0; --i) {
      checksums.push_back((next++)->checksum);
    }
    if (checksum_of_pieces(checksums) != entry.checksum) {
      fail(ErrorCode::corrupt_file, "{}: '{}' does not match its checksum", name, entry.key.name);
    }
  }
}

}  // namespace estoc
