// Where the data beside the repository is that these tests compare with. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace estoc {

// A file or folder of the data: below $ESTOC_SHARED, or ../shared seen from the repository.
inline std::string shared_path(const std::string& name) {
  const char* folder = std::getenv("ESTOC_SHARED");
  return std::string(folder != nullptr ? folder : ESTOC_SOURCE_DIR "/../shared") + "/data/" + name;
}

// A test that lacks what it compares with says so; tests/conformance/run.py names it again at the end.
#define ESTOC_SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << (path)

}  // namespace estoc
