// How much memory this process may still take. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace estoc {

// Bytes that the system calls available, or what the tightest memory limit of the process's groups leaves, whichever is
// less; 0 when nothing of it can be read. `root` stands before /proc and /sys (for tests).
uint64_t available_memory(const std::string& root = {});

// From now on this process gives buffers of a MiB and more back to the system when they are freed. By default the C
// library keeps up to 64 MiB in each of its arenas once one long text has been freed. Call it before threads are
// started.
void return_freed_memory();

}  // namespace estoc
