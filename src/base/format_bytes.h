// A number of bytes for people: "1.50 GiB". Threads: any. Errors: none.
#pragma once

#include <cstdint>
#include <string>

namespace estoc {

std::string format_bytes(uint64_t bytes);

}  // namespace estoc
