// How much of everything a GGUF file may have. Files in use stay far below; a hostile one shall not make the reader ask
// for more memory than the file itself is large, many times over.
#pragma once

#include <cstdint>

namespace estoc {

inline constexpr uint64_t kGgufKeysMax = uint64_t{1} << 16;
inline constexpr uint64_t kGgufTensorsMax = uint64_t{1} << 20;
inline constexpr uint64_t kGgufArrayItemsMax = uint64_t{1} << 25;
inline constexpr uint32_t kGgufDimensionsMax = 4;
inline constexpr int64_t kGgufAlignmentMax = 1 << 20;
inline constexpr int64_t kGgufPartsMax = 10000;

}  // namespace estoc
