// What a benchmark must know of the machine. Linux; any thread; nothing is thrown.
#pragma once

#include <cstdint>

namespace estoc {

// Bytes this process can still take without being killed or swapped: what Linux calls available, bounded by the memory
// limit of the control group.
uint64_t available_memory_bytes();

// One core's second-level cache, and the last level that cores share; a common size when the system does not say.
uint64_t l2_cache_bytes();
uint64_t l3_cache_bytes();

}  // namespace estoc
