// Whether the matrices of a pack are what was written: every byte of them is read and its checksum compared.
//
// A checksum is the XXH3 of the XXH3s of the matrix's pieces, so that the threads of a team share even one large
// matrix. It runs at the speed of memory, and touches pages that the first step would have to touch anyhow. Threads:
// pure functions; check_matrices is a job of the team. Errors: Error{corrupt_file} in one sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/thread_team.h"
#include "packs/pack_file.h"

namespace estoc {

uint64_t matrix_checksum(std::span<const std::byte> bytes);

// `entries` are parse_pack's of `file`; `name` is for messages. Names the first matrix that is not what it was.
void check_matrices(std::span<const std::byte> file, const std::vector<PackEntry>& entries, ThreadTeam& team,
                    const std::string& name);

}  // namespace estoc
