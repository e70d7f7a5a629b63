// For tests: the checkpoints of tests/golden/models whose answers are known, each a folder beside NAME.json.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace estoc {

inline const std::string kGolden = ESTOC_SOURCE_DIR "/tests/golden/";

inline std::vector<std::string> tiny_models() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kGolden)) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() == ".json" && std::filesystem::is_directory(kGolden + "models/" + name)) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace estoc
