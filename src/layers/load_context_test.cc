#include "layers/load_context.h"

#include <gtest/gtest.h>

#include "kernels/kernels.h"

namespace estoc {
namespace {

// Two vectors in memory; counts how often pages are let go of.
class CountingSource final : public WeightSource {
 public:
  CountingSource() {
    for (const char* name : {"first", "second"}) {
      WeightTensor tensor;
      tensor.name = tensor.source_name = name;
      tensor.shape = {4};
      tensors_.push_back(std::move(tensor));
    }
  }
  const std::string& path() const override { return path_; }
  std::string_view container() const override { return "safetensors"; }
  const Json& config() const override { return none_; }
  const Json& generation_config() const override { return none_; }
  std::span<const WeightTensor> tensors() const override { return tensors_; }
  const WeightTensor* find(std::string_view name) const override {
    for (const WeightTensor& tensor : tensors_) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  const Metadata* metadata() const override { return nullptr; }
  const std::list<MappedFile>& files() const override {
    ++releases;  // only who lets go of pages asks for the files here
    return files_;
  }
  uint64_t file_bytes() const override { return 1000; }

  mutable int releases = 0;

 private:
  std::string path_ = "memory";
  Json none_;
  std::vector<WeightTensor> tensors_;
  std::list<MappedFile> files_;
};

class LoadContextTest : public testing::Test {
 protected:
  LoadContext context(ComputeMode mode) {
    return {.source = source_, .naming = naming_, .mode = mode, .compute = {team_, kernels::table()}};
  }
  CountingSource source_;
  NamingRules naming_;
  ThreadTeam team_{1};
};

TEST_F(LoadContextTest, WhatIsPackedIsLetGoOfEvery32MiB) {
  LoadContext load = context(ComputeMode::fast);
  constexpr uint64_t kPiece = uint64_t{12} << 20;
  std::vector<int> releases;
  for (int piece = 0; piece < 7; ++piece) {
    load.took(kPiece);
    releases.push_back(source_.releases);
  }
  EXPECT_EQ(releases, (std::vector<int>{0, 0, 1, 1, 1, 2, 2}));
  load.took(uint64_t{20} << 20);  // exactly so many since the last time
  EXPECT_EQ(source_.releases, 3);
}

TEST_F(LoadContextTest, WhatIsReadInPlaceStays) {
  LoadContext load = context(ComputeMode::exact);
  load.took(uint64_t{100} << 20);
  EXPECT_EQ(source_.releases, 0);
}

TEST_F(LoadContextTest, TellsHowFarItIs) {
  LoadContext load = context(ComputeMode::fast);
  load.took(100);
  std::vector<std::pair<uint64_t, uint64_t>> told;
  load.progress = [&](uint64_t done, uint64_t total) { told.emplace_back(done, total); };
  load.took(200);
  load.took(700);
  EXPECT_EQ(told, (std::vector<std::pair<uint64_t, uint64_t>>{{300, 1000}, {1000, 1000}}));
}

TEST_F(LoadContextTest, KnowsWhatNothingAskedFor) {
  LoadContext load = context(ComputeMode::fast);
  const int64_t shape[] = {4};
  ASSERT_EQ(load.unused().size(), 2u);
  EXPECT_EQ(load.require("second", shape).name, "second");
  ASSERT_EQ(load.unused().size(), 1u);
  EXPECT_EQ(load.unused()[0]->name, "first");
}

}  // namespace
}  // namespace estoc
