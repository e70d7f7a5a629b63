// What a benchmark must know of the machine. Linux; any thread; nothing is thrown.
#pragma once

#include <cstdint>
#include <string>

namespace estoc {

// "Intel(R) Xeon(R) Processor, 2 CPUs": the CPU's name and how many this process may use.
std::string machine_name();

// One core's second-level cache, and the last level that cores share; a common size when the system does not say.
uint64_t l2_cache_bytes();
uint64_t l3_cache_bytes();

}  // namespace estoc
