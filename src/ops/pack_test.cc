// Kept packed weights (packs/) are found by kernels::kPanelLayoutVersion, so it has to move with what packing writes.
#include <gtest/gtest.h>

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
    hash_.add_text(key.format);
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
  for (const char* name : {"q4_0", "q4_1", "q5_1", "q8_0", "q2_k", "q4_k", "q6_k", "iq4_nl"}) {
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
  constexpr uint32_t kVersion = 1;
  constexpr uint64_t kHash = 0x811612e5d651aebc;
  EXPECT_EQ(kernels::kPanelLayoutVersion, kVersion) << "record here which version it is, and the hash below";
  EXPECT_EQ(packed_bytes_hash(), kHash) << "packing writes other bytes than in version " << kVersion
                                        << " of the layout: kernels::kPanelLayoutVersion has to grow, or old packs "
                                        << "are taken for packs of the new layout";
}

}  // namespace
}  // namespace estoc
