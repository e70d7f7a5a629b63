// Bounds on what a hub may answer and on what a name may be. Far above what honest hubs send.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc::limits {

inline constexpr size_t kUrlBytesMax = 8192;  // signed addresses of content networks reach 2 KiB
inline constexpr int kRedirectsMax = 5;
inline constexpr size_t kReplyHeadBytesMax = size_t{64} << 10;
inline constexpr size_t kListingBytesMax = size_t{32} << 20;  // of one page
inline constexpr size_t kListingValuesMax = size_t{1} << 20;
inline constexpr int kListingDepthMax = 32;
inline constexpr int kListingPagesMax = 200;
inline constexpr size_t kRepoFilesMax = 100'000;
inline constexpr size_t kManifestBytesMax = size_t{1} << 20;
inline constexpr size_t kManifestLayersMax = 256;
inline constexpr size_t kTokenBytesMax = 4096;

inline constexpr size_t kRefBytesMax = 2048;
inline constexpr size_t kRepoBytesMax = 96;       // "org/name", as the hub itself has it
inline constexpr size_t kPathBytesMax = 1024;     // of a file in a repository
inline constexpr size_t kPathPartBytesMax = 200;  // file systems have 255, and names of unfinished files are longer
inline constexpr size_t kPathPartsMax = 16;
inline constexpr uint64_t kFileBytesMax = uint64_t{1} << 42;  // 4 TiB

// Folders of other programs are looked through so far.
inline constexpr size_t kScanEntriesMax = 200'000;

}  // namespace estoc::limits
