#include "models/qwen_windows.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "models/family.h"
#include "models/model.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

// Of qwen3_windows_like, which has three layers, with these keys instead of its own.
std::vector<int> windows(std::initializer_list<std::pair<const char*, Json>> keys) {
  const TemporaryDirectory directory;
  const std::string folder = directory.path() + "/model";
  std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/models/qwen3_windows_like", folder);
  Json::Object config;
  const Json file = parse_json(read_file(folder + "/config.json"));
  for (const auto& [key, value] : file.as_object()) {
    if (key.find("window") == std::string::npos) config.emplace_back(key, value);
  }
  for (const auto& [key, value] : keys) config.emplace_back(key, value);
  directory.write("model/config.json", to_json(config));
  std::vector<int> found;
  const StateLayout state = describe_model(*open_weights(folder, naming_rules()), ComputeMode::exact).state;
  for (int layer = 0; layer < state.layer_count(); ++layer) found.push_back(state.paged(layer)->window);
  return found;
}

TEST(QwenWindows, AreOffUnlessAskedFor) {
  const std::vector<int> none = {0, 0, 0};
  EXPECT_EQ(windows({}), none);
  EXPECT_EQ(windows({{"sliding_window", 8}, {"max_window_layers", 0}}), none);
  EXPECT_EQ(windows({{"use_sliding_window", false}, {"sliding_window", 8}, {"max_window_layers", 0}}), none);
}

TEST(QwenWindows, AreThoseOfTheLastLayers) {
  const auto from = [](int layer) {
    return windows({{"use_sliding_window", true}, {"sliding_window", 8}, {"max_window_layers", layer}});
  };
  EXPECT_EQ(from(0), (std::vector{8, 8, 8}));
  EXPECT_EQ(from(2), (std::vector{0, 0, 8}));
  EXPECT_EQ(from(3), (std::vector{0, 0, 0}));
  EXPECT_EQ(from(40), (std::vector{0, 0, 0}));
}

TEST(QwenWindows, HaveTheDefaultsOfTransformers) {
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"max_window_layers", 1}}), (std::vector{0, 4096, 4096}));
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"max_window_layers", 1}, {"sliding_window", Json()}}),
            (std::vector{0, 0, 0}));
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"sliding_window", 8}}), (std::vector{0, 0, 0})) << "28 layers";
}

TEST(QwenWindows, RefusesImpossibleOnes) {
  expect_refused(ErrorCode::corrupt_file, "config.json: sliding_window is -1",
                 [] { windows({{"use_sliding_window", true}, {"max_window_layers", 1}, {"sliding_window", -1}}); });
}

}  // namespace
}  // namespace estoc
