// How many of its runs a test in the emulator does: the first few, which find most, or all of them where the
// environment has ESTOC_EMULATOR=all, as `make emulator` sets it.
#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

namespace estoc::gpu {

template <class Run>
std::vector<Run> emulator_runs(std::vector<Run> all, size_t few = 1) {
  const char* const wanted = std::getenv("ESTOC_EMULATOR");
  if (wanted == nullptr || std::string_view(wanted) != "all") all.resize(few);
  return all;
}

}  // namespace estoc::gpu
