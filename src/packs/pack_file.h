// The file that packed weights are kept in: one for each checkpoint, mapped read-only.
//
// Layout, little endian:
//   header, 64 bytes:  "estocpak" | u32 file version | u32 layout version | u32 ISA class | u32 matrices |
//                      u64 fingerprint | u64 bytes of the file | u64 bytes of the table | u64 XXH3 of the table |
//                      u64 XXH3 of the 56 bytes before
//   table, a matrix:   u32 length and name | u32 length and scheme | i64 first row | i64 rows | i64 first column |
//                      i64 columns | i64 rows of a head whose pairs were adjacent, or 0 |
//                      u64 offset | u64 bytes | u64 checksum (pack_check.h)
//   matrices, each at a multiple of 4096 bytes, in the order of the table.
//
// What lies between them is zero. A file gets its name only after all of it is on the disk (pack_writer.h); what
// disks and people do to it later is found before anything of it is used: header, table and gaps here, the matrices in
// pack_check.h.
// Threads: pure functions. Errors: parse_pack throws Error{corrupt_file} in one sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ops/packed_store.h"

namespace estoc {

// What must be equal for a file to be of use.
struct PackId {
  uint64_t fingerprint = 0;     // of the model's files (weights/fingerprint.h)
  uint32_t layout_version = 0;  // kernels::kPanelLayoutVersion
  uint32_t isa_class = 0;       // 0: a layout that every ISA level reads

  bool operator==(const PackId&) const = default;
  std::string file_name() const;  // 16 hexadecimal digits and ".pack"
};

struct PackEntry {
  PackedKey key;  // with the layout version of the file
  uint64_t offset = 0;
  uint64_t checksum = 0;  // matrix_checksum of its bytes
};

// Header and table, padded to where the first matrix begins. Keys and checksums are given; the offsets are set here.
std::vector<std::byte> encode_pack_head(const PackId& id, std::vector<PackEntry>& entries, uint64_t& file_bytes);

// The table of a file; `name` is for messages.
std::vector<PackEntry> parse_pack(std::span<const std::byte> bytes, const PackId& id, const std::string& name);

}  // namespace estoc
