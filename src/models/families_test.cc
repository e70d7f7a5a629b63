// What holds for the list of families as a whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "models/family.h"

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
  ASSERT_EQ(naming_rules().size(), families().size());
  for (size_t i = 0; i < families().size(); ++i) EXPECT_EQ(naming_rules()[i], &families()[i]->naming);
}

}  // namespace
}  // namespace estoc
