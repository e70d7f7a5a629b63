// Kept packed weights (packs/) are found by kernels::kPanelLayoutVersion, so it has to move with what packing writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/thread_team.h"
#include "ops/weight.h"

namespace estoc {
namespace {

class HashingStore final : public PackedStore {
 public:
  PackedBytes find(const PackedKey&) override { return nullptr; }
  void add(const PackedKey& key, PackedBytes bytes) override {
    hash_.add_text(key.scheme);
    hash_.add({bytes.get(), static_cast<size_t>(key.bytes)});
  }
  uint64_t value() const { return hash_.value(); }

 private:
  Hasher hash_;
};

// All packed bytes of one matrix in formats that differ in bits, groups, minima and scales; 40 rows, so that the last
// panel is padded.
uint64_t packed_bytes_hash() {
  constexpr int64_t kRows = 40, kColumns = 512;
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  HashingStore store;
  uint32_t state = 1;
  for (const char* name : {"q4_0", "q4_1", "q5_1", "q8_0", "q2_k", "q4_k", "q6_k", "iq4_nl", "iq4_xs", "mxfp4"}) {
    const QuantFormat& format = *find_format(name);
    const int64_t stride = format.row_bytes(kColumns);
    std::vector<std::byte> stored(static_cast<size_t>(kRows * stride));
    std::vector<float> row(static_cast<size_t>(kColumns));
    for (int64_t r = 0; r < kRows; ++r) {
      for (float& value : row) {
        state = state * 1664525 + 1013904223;
        value = static_cast<float>(static_cast<int32_t>(state) >> 20) / 1024;
      }
      format.encode(row.data(), stored.data() + r * stride, kColumns);
    }
    WeightTensor tensor;
    tensor.format = &format;
    tensor.shape = {kRows, kColumns};
    tensor.bytes = stored;
    const Weight weight(MatrixView(tensor), ComputeMode::fast, compute, &store);
    EXPECT_EQ(weight.form(), Weight::Form::packed) << name;
  }
  return store.value();
}

TEST(Pack, WritesWhatTheLayoutVersionStandsFor) {
  constexpr uint32_t kVersion = 2;
  constexpr uint64_t kHash = 0x4db38243f7fefabd;
  EXPECT_EQ(kernels::kPanelLayoutVersion, kVersion) << "record here which version it is, and the hash below";
  EXPECT_EQ(packed_bytes_hash(), kHash) << "packing writes other bytes than in version " << kVersion
                                        << " of the layout: kernels::kPanelLayoutVersion has to grow, or old packs "
                                        << "are taken for packs of the new layout";
}

class KeepingStore final : public PackedStore {
 public:
  PackedBytes find(const PackedKey&) override { return nullptr; }
  void add(const PackedKey& key, PackedBytes bytes) override { kept.emplace_back(key, std::move(bytes)); }
  std::vector<std::pair<PackedKey, PackedBytes>> kept;
};

// 64 rows of 512 columns in three panels and some.
TEST(Pack, OfASliceOfRowsIsThesePanelsOfTheWhole) {
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  const QuantFormat& format = *find_format("q4_k");
  std::vector<std::byte> stored(static_cast<size_t>(format.row_bytes(64 * 512)));
  std::vector<float> values(64 * 512);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 2654435761u % 1009) - 504;
  format.encode(values.data(), stored.data(), std::ssize(values));
  WeightTensor tensor;
  tensor.name = "fused.weight";
  tensor.format = &format;
  tensor.shape = {64, 512};
  tensor.bytes = stored;
  for (const RowMap map : {RowMap(), RowMap::adjacent_pairs(8)}) {
    tensor.row_map = map;
    const MatrixView all(tensor);
    KeepingStore store;
    const Weight whole(all, ComputeMode::fast, compute, &store);
    const Weight slice(all.slice_rows(16, 32), ComputeMode::fast, compute, &store);
    ASSERT_EQ(store.kept.size(), 2u);
    const auto& [whole_key, whole_bytes] = store.kept[0];
    const auto& [slice_key, slice_bytes] = store.kept[1];
    EXPECT_EQ(slice_key.bytes * 2, whole_key.bytes);
    EXPECT_TRUE(
        std::equal(slice_bytes.get(), slice_bytes.get() + slice_key.bytes, whole_bytes.get() + whole_key.bytes / 4));
  }
}

TEST(Pack, KeysTellSlicesAndOrdersOfRowsApart) {
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  const QuantFormat& format = *find_format("q8_0");
  const std::vector<std::byte> stored(static_cast<size_t>(format.row_bytes(64 * 128)));
  WeightTensor tensor;
  tensor.name = "fused.weight";
  tensor.format = &format;
  tensor.shape = {64, 128};
  tensor.bytes = stored;
  WeightTensor turned = tensor;
  turned.row_map = RowMap::adjacent_pairs(8);
  const MatrixView all(tensor);
  KeepingStore store;
  for (const MatrixView& view : {all, all.slice_rows(0, 32), all.slice_rows(32, 32), all.slice_columns(0, 64),
                                 all.slice_columns(64, 64), MatrixView(turned)}) {
    const Weight weight(view, ComputeMode::fast, compute, &store);
    EXPECT_EQ(store.kept.back().first.layout_version, kernels::kPanelLayoutVersion);
  }
  for (size_t i = 0; i < store.kept.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(store.kept[i].first, store.kept[j].first) << i << " and " << j;
  }
}

}  // namespace
}  // namespace estoc
