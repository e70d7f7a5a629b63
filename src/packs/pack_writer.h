// Writes a pack file so that it either appears whole or not at all.
//
// The bytes go to NAME.part in the same folder, which is locked while it is written, then to the disk (fdatasync), and
// only then does the file get its name. A writer that was killed leaves an unlocked .part file that the next writer
// takes over. Threads and processes: any number may write the same file; one does, the others return at once.
// Errors: throws Error{io} with the path and the system's reason (no space, not permitted), Error{corrupt_file} for an
// item that is not what it was; nothing is left behind.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "packs/pack_file.h"

namespace estoc {

struct PackItem {
  PackedKey key;
  PackedBytes bytes;
  std::optional<uint64_t> checksum = {};  // of bytes that were checked once already and may have changed since
};

// Writes `items` to `path`; the folder must exist. False when another process is writing it, or just did.
// `stop` ends it early with Error{cancelled}, within a megabyte of the disk's time.
bool write_pack(const std::string& path, const PackId& id, const std::vector<PackItem>& items,
                const std::stop_token& stop = {});

// Removes packs from the folder until the `count_max` that were used last are left, and .part files nobody writes.
// Files of other names are left alone. Never throws: what cannot be removed stays.
void remove_old_packs(const std::string& directory, size_t count_max) noexcept;

}  // namespace estoc
