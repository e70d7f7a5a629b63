// What holds for all families.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "base/thread_team.h"
#include "models/encoder_family.h"
#include "models/family.h"
#include "models/model.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

TEST(Families, NameNothingTwice) {
  std::set<std::string_view> names, architectures, gguf;
  for (const ModelFamily* family : families()) {
    EXPECT_TRUE(names.insert(family->name).second) << family->name;
    for (const std::string_view name : family->architectures) EXPECT_TRUE(architectures.insert(name).second) << name;
    for (const GgufArchitecture& name : family->naming.gguf) EXPECT_TRUE(gguf.insert(name.name).second) << name.name;
  }
}

TEST(Families, ReadWhatTheirGgufFilesAreCalled) {
  for (const ModelFamily* family : families()) {
    for (const GgufArchitecture& gguf : family->naming.gguf) {
      EXPECT_NE(std::ranges::find(family->architectures, gguf.architecture), family->architectures.end()) << gguf.name;
    }
  }
}

TEST(Families, HandTheirRulesToWhoOpensFiles) {
  std::vector<const NamingRules*> rules;
  for (const ModelFamily* family : families()) rules.push_back(&family->naming);
  for (const EncoderFamily* family : encoder_families()) rules.push_back(&family->naming);
  EXPECT_TRUE(std::ranges::equal(naming_rules(), rules));
}

// A model without its head would answer, and wrongly.
TEST(Head, IsMissedWhereTheConfigSaysThereIsOne) {
  const TemporaryDirectory directory;
  const std::string folder = directory.path() + "/model";
  std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/models/smollm2_like", folder);
  Json config = parse_json(read_file(folder + "/config.json"));
  ThreadTeam team(1);
  const auto load = [&] {
    directory.write("model/config.json", to_json(config));
    load_model(*open_weights(folder, naming_rules()), team, {.compute = ComputeMode::exact});
  };
  load();
  config.set("tie_word_embeddings", false);
  expect_refused(ErrorCode::corrupt_file, "tensor 'lm_head.weight' is missing", load);
}

}  // namespace
}  // namespace estoc
