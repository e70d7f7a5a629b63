#include "packs/pack_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/test_directory.h"
#include "base/thread_team.h"
#include "ops/weight.h"
#include "packs/test_packs.h"
#include "weights/fingerprint.h"
#include "weights/gguf_writer.h"
#include "weights/test_naming_rules.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

// A model file with one matrix in every format that packs; q rows are interleaved, as Llama's are in GGUF.
std::string model_bytes(float seed = 1) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"))
      .set("llama.attention.head_count", GgufValue::u32(2))
      .set("llama.block_count", GgufValue::u32(1));
  int number = 0;
  std::mt19937 rng(5);
  std::normal_distribution<float> normal(0, seed);
  for (const QuantFormat* format : formats()) {
    if (format->affine == nullptr || format->encode == nullptr || format->gguf_id < 0) continue;
    std::vector<float> values(40 * 256);
    for (float& value : values) value = normal(rng);
    std::string data(static_cast<size_t>(format->row_bytes(40 * 256)), '\0');
    format->encode(values.data(), reinterpret_cast<std::byte*>(data.data()), 40 * 256);
    const std::string name = number++ == 0 ? "blk.0.attn_q.weight" : "matrix_" + std::string(format->name);
    writer.add_tensor(GgufWriter::Tensor{name, {40, 256}, static_cast<uint32_t>(format->gguf_id), std::move(data), {}});
  }
  return writer.text();
}

struct Loaded {
  size_t packed = 0;  // matrices that were packed, not found
  std::vector<float> outputs;
};

// Counts what the cache does not know.
class CountingStore final : public PackedStore {
 public:
  explicit CountingStore(PackCache& cache) : cache_(cache) {}
  PackedBytes find(const PackedKey& key) override { return cache_.find(key); }
  void add(const PackedKey& key, PackedBytes bytes) override {
    ++count_;
    cache_.add(key, std::move(bytes));
  }
  size_t count() const { return count_; }

 private:
  PackCache& cache_;
  size_t count_ = 0;
};

// A start: every matrix of the model through the cache, and its product with the same activations.
Loaded load(const std::string& model, const PackCacheOptions& options) {
  const auto source = open_weights(model, test_naming_rules());
  ThreadTeam team(2);
  PackCache cache(options, *source, team);
  CountingStore store(cache);
  const Compute compute{team, kernels::table()};
  Loaded loaded;
  std::vector<Weight> weights;
  for (const WeightTensor& tensor : source->tensors()) {
    weights.emplace_back(MatrixView(tensor), ComputeMode::fast, compute, &store);
  }
  loaded.packed = store.count();
  cache.keep();
  for (const Weight& weight : weights) {
    Rows x(3, weight.columns());
    x.reset(3);
    for (int64_t i = 0; i < 3 * weight.columns(); ++i) x.row(0)[i] = static_cast<float>(i * 7 % 23 - 11);
    std::vector<float> out(static_cast<size_t>(3 * weight.rows()));
    x.make(compute, weight.reads(compute, x.count()));
    weight.multiply(compute, x, {out.data(), weight.rows()}, 0, weight.panel_count(), nullptr);
    loaded.outputs.insert(loaded.outputs.end(), out.begin(), out.end());
  }
  return loaded;
}

bool bits_equal(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class PackCacheTest : public testing::Test {
 protected:
  PackCacheTest() : model_(directory_.write("model.gguf", model_bytes())) {}

  std::vector<fs::path> packs() const {
    std::vector<fs::path> found;
    if (!fs::exists(packs_path_)) return found;
    for (const auto& file : fs::directory_iterator(packs_path_)) found.push_back(file.path());
    return found;
  }
  Loaded load() const { return estoc::load(model_, {packs_path_, 0}); }
  static void write_damaged(const fs::path& path, const std::string& good, size_t begin, bool is_noise) {
    std::vector<std::byte> bytes(good.size());
    std::memcpy(bytes.data(), good.data(), good.size());
    test_damage_page(bytes, begin, is_noise);
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  }

  TemporaryDirectory directory_;
  std::string packs_path_ = directory_.path() + "/cache/packed";
  std::string model_;
};

TEST_F(PackCacheTest, TheSecondStartPacksNothingAndComputesTheSameBits) {
  const Loaded first = load();
  EXPECT_GE(first.packed, 8u);
  ASSERT_EQ(packs().size(), 1u);
  const Loaded second = load();
  EXPECT_EQ(second.packed, 0u);
  EXPECT_TRUE(bits_equal(first.outputs, second.outputs));
}

TEST_F(PackCacheTest, AChangedModelIsNeverServedFromAnOldPack) {
  const Loaded first = load();
  directory_.write("model.gguf", model_bytes(2));
  const Loaded second = load();
  EXPECT_EQ(second.packed, first.packed);
  EXPECT_FALSE(bits_equal(first.outputs, second.outputs));
  EXPECT_EQ(packs().size(), 2u);
}

TEST_F(PackCacheTest, WhatChangesWhileItIsLoadedIsNotKept) {
  const auto source = open_weights(model_, test_naming_rules());
  ThreadTeam team(1);
  PackCache cache({packs_path_, 0}, *source, team);
  cache.add(made_up_item("a", 5000, 1).key, made_up_item("a", 5000, 1).bytes);
  fs::last_write_time(model_, fs::file_time_type::clock::now() + std::chrono::hours(1));
  cache.keep();
  cache.wait();
  EXPECT_TRUE(packs().empty());
}

TEST_F(PackCacheTest, AnAbandonedPackIsNotWritten) {
  const auto source = open_weights(model_, test_naming_rules());
  ThreadTeam team(1);
  PackCache cache({packs_path_, 0}, *source, team);
  const PackItem item = made_up_item("a", 5000, 1);
  cache.add(item.key, item.bytes);
  cache.abandon();
  testing::internal::CaptureStderr();
  cache.keep();
  cache.wait();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "nobody is warned of what was asked for";
  EXPECT_TRUE(packs().empty());
}

TEST_F(PackCacheTest, ADamagedPageIsFoundAndTheFileReplaced) {
  const Loaded first = load();
  const std::string pack = packs().at(0).string();
  const std::string good = read_file(pack);
  for (size_t begin = 0; begin < good.size(); begin += kTestPage) {
    for (const bool is_noise : {false, true}) {
      write_damaged(pack, good, begin, is_noise);
      testing::internal::CaptureStderr();
      const Loaded again = load();
      const std::string log = testing::internal::GetCapturedStderr();
      EXPECT_EQ(again.packed, first.packed) << begin;
      EXPECT_TRUE(bits_equal(first.outputs, again.outputs)) << begin;
      EXPECT_NE(log.find("packing the weights anew: " + pack), std::string::npos) << begin << ": " << log;
      ASSERT_TRUE(read_file(pack) == good) << begin;
    }
  }
  EXPECT_EQ(load().packed, 0u);
}

TEST_F(PackCacheTest, ATruncatedFileIsReplaced) {
  const Loaded first = load();
  const fs::path pack = packs().at(0);
  const auto bytes = static_cast<off_t>(fs::file_size(pack));
  for (const off_t length : {bytes - 1, off_t{4096}, off_t{64}, off_t{0}}) {
    fs::resize_file(pack, static_cast<uintmax_t>(length));
    EXPECT_TRUE(bits_equal(first.outputs, load().outputs)) << length;
    EXPECT_EQ(load().packed, 0u) << length;
  }
  EXPECT_EQ(packs().size(), 1u);
}

TEST_F(PackCacheTest, SmallModelsAreNotKept) {
  estoc::load(model_, {packs_path_, 64 << 20});
  EXPECT_TRUE(packs().empty());
}

TEST_F(PackCacheTest, AFolderThatCannotBeMadeOnlyWarns) {
  const Loaded first = load();
  for (const std::string& path : {std::string("/proc/estoc"), std::string("/proc"), model_ + "/packed"}) {
    testing::internal::CaptureStderr();
    const Loaded other = estoc::load(model_, {path, 0});
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(bits_equal(first.outputs, other.outputs)) << path;
    EXPECT_NE(log.find("not kept"), std::string::npos) << log;
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  }
}

TEST_F(PackCacheTest, HoldsTheFourThatWereUsedLast) {
  std::vector<std::string> models;
  for (int i = 0; i < 6; ++i) {
    models.push_back(directory_.write("model" + std::to_string(i) + ".gguf", model_bytes(static_cast<float>(i + 1))));
    estoc::load(models.back(), {packs_path_, 0});
    if (i < 4) {
      ::usleep(20'000);                               // the clock of a file system may be that coarse
      estoc::load(models.front(), {packs_path_, 0});  // used again, so not the oldest
      ::usleep(20'000);
    }
  }
  EXPECT_EQ(packs().size(), PackCache::kPacksMax);
  EXPECT_EQ(estoc::load(models.front(), {packs_path_, 0}).packed, 0u);
  EXPECT_EQ(estoc::load(models.back(), {packs_path_, 0}).packed, 0u);
  EXPECT_GT(estoc::load(models[1], {packs_path_, 0}).packed, 0u);
}

// The bytes outlive the cache, and a file that was removed or replaced while they are in use.
TEST_F(PackCacheTest, BytesOutliveTheirFile) {
  load();
  const auto source = open_weights(model_, test_naming_rules());
  ThreadTeam team(2);
  auto cache = std::make_unique<PackCache>(PackCacheOptions{packs_path_, 0}, *source, team);
  const MappedFile file(packs().at(0).string());
  const PackId id = {.fingerprint = fingerprint_of(*source), .layout_version = kernels::kPanelLayoutVersion};
  const PackEntry entry = parse_pack(file.bytes(), id, "pack").at(0);
  const PackedBytes bytes = cache->find(entry.key);
  ASSERT_NE(bytes, nullptr);
  PackCache kept({packs_path_, 0}, *source, team);
  cache.reset();
  fs::remove_all(packs_path_);
  EXPECT_EQ(std::memcmp(bytes.get(), file.bytes().data() + entry.offset, entry.key.bytes), 0);

  for (const auto& change : std::initializer_list<void (*)(PackedKey&)>{
           [](PackedKey& key) { ++key.slice.rows; }, [](PackedKey& key) { ++key.slice.first_row; },
           [](PackedKey& key) { ++key.slice.first_column; }, [](PackedKey& key) { ++key.layout_version; },
           [](PackedKey& key) { key.scheme = "q4_9"; },
           [](PackedKey& key) { key.row_map = RowMap::adjacent_pairs(1000); }}) {
    PackedKey other = entry.key;
    EXPECT_NE(kept.find(other), nullptr);
    change(other);
    EXPECT_EQ(kept.find(other), nullptr);
  }
}

}  // namespace
}  // namespace estoc
