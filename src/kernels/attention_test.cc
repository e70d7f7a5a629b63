// The attention cells of every ISA level against the scalar reference: types, head sizes, group sizes, windows, sinks,
// partials; and that a query's bits do not depend on its company.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

constexpr KvType kTypes[] = {KvType::f32, KvType::f16, KvType::bf16, KvType::int8};

// One head's keys and values of `positions` positions in scattered blocks, and queries.
struct Case {
  KvType type;
  int head_dim, positions;
  int value_dim;  // of values that are keys; 0: they are not
  std::vector<uint32_t> blocks;
  int64_t block_bytes;
  std::vector<std::byte> memory;
  std::vector<float> queries;
  std::byte* base;  // 64-byte aligned

  std::byte* keys(int block) { return base + blocks[static_cast<size_t>(block)] * block_bytes; }
  std::byte* values(int block) { return value_dim > 0 ? nullptr : keys(block) + block_bytes / 2; }

  AttentionTile tile(int count) {
    AttentionTile result{.query_count = count,
                         .type = type,
                         .head_dim = head_dim,
                         .scale = 1.2f / std::sqrt(static_cast<float>(head_dim)),
                         .keys = base,
                         .values = value_dim > 0 ? nullptr : base + block_bytes / 2,
                         .value_dim = value_dim,
                         .block_bytes = block_bytes,
                         .blocks = blocks.data()};
    for (int i = 0; i < count; ++i) result.queries[i] = &queries[static_cast<size_t>(i * head_dim)];
    return result;
  }
};

class AttentionTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!is_supported(GetParam())) GTEST_SKIP() << "this CPU has no " << isa_name(GetParam());
  }
  const Kernels& fast() { return table_of(GetParam()); }
  int uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng_); }

  Case make_case(KvType type, int head_dim, int positions, int query_count, int value_dim = 0) {
    Case test{.type = type,
              .head_dim = head_dim,
              .positions = positions,
              .value_dim = value_dim,
              .blocks = {},
              .block_bytes = 0,
              .memory = {},
              .queries = {},
              .base = nullptr};
    test.blocks.resize(static_cast<size_t>((positions + 15) / 16));
    for (size_t b = 0; b < test.blocks.size(); ++b) test.blocks[b] = static_cast<uint32_t>(b);
    std::shuffle(test.blocks.begin(), test.blocks.end(), rng_);
    test.block_bytes = (value_dim > 0 ? 1 : 2) * kv_head_bytes(type, head_dim);
    // Every bit set is NaN in all types: what the kernels may not look at.
    test.memory.assign(test.blocks.size() * static_cast<size_t>(test.block_bytes) + 64, std::byte{0xFF});
    test.base = test.memory.data() + (64 - reinterpret_cast<uintptr_t>(test.memory.data()) % 64) % 64;
    std::normal_distribution<float> normal;
    std::vector<float> k(static_cast<size_t>(head_dim)), v(k.size());
    for (int p = 0; p < positions; ++p) {
      // Values of very different size, one position of zeros, and keys that make some positions stand out.
      const float size = p == 3 ? 0.0f : p % 7 == 0 ? 0.02f : 1.0f;
      for (float& x : k) x = normal(rng_) * (value_dim > 0 ? size : p % 11 == 0 ? 2.0f : 1.0f);
      for (float& x : v) x = normal(rng_) * size;
      scalar.write_kv({.type = type,
                       .head_dim = head_dim,
                       .slot = p % 16,
                       .count = 1,
                       .k = k.data(),
                       .v = v.data(),
                       .row_stride = head_dim,
                       .keys = test.keys(p / 16),
                       .values = test.values(p / 16)});
    }
    test.queries.resize(static_cast<size_t>(query_count * head_dim));
    for (float& x : test.queries) x = normal(rng_);
    return test;
  }

  // What a level may differ by from the reference, which computes with exact queries and weights: relative to the
  // spread of the values, 1.
  double tolerance(KvType type) {
    if (type == KvType::f32 || type == KvType::f16) return 2e-5;
    if (type == KvType::bf16) return GetParam() == Isa::amx ? 2e-2 : 2e-5;
    return GetParam() >= Isa::avx512 ? 4e-2 : 2e-5;
  }

  std::mt19937 rng_{4711};
};

int width_of(const AttentionTile& tile) { return tile.values == nullptr ? tile.value_dim : tile.head_dim; }

std::vector<float> run(const Kernels& kernels, AttentionTile tile, int chunk_count) {
  std::vector<float> outputs(static_cast<size_t>(tile.query_count * width_of(tile)));
  for (int i = 0; i < tile.query_count; ++i) tile.outputs[i] = &outputs[static_cast<size_t>(i * width_of(tile))];
  tile.chunk_begin = 0;
  tile.chunk_end = chunk_count;
  kernels.attention(tile);
  return outputs;
}

int chunks_of(const AttentionTile& tile) {
  const int visible = *std::max_element(tile.visible, tile.visible + tile.query_count);
  return (visible + kAttentionChunk - 1) / kAttentionChunk;
}

// The same through partials, in pieces of `piece` chunks.
std::vector<float> run_in_pieces(const Kernels& kernels, AttentionTile tile, int piece) {
  const int chunk_count = chunks_of(tile), stride = partial_floats(tile.head_dim);
  std::vector<float> partials(static_cast<size_t>(chunk_count * tile.query_count * stride),
                              std::numeric_limits<float>::quiet_NaN());
  for (int chunk = 0; chunk < chunk_count; chunk += piece) {
    tile.chunk_begin = chunk;
    tile.chunk_end = std::min(chunk + piece, chunk_count);
    tile.partials = &partials[static_cast<size_t>(chunk * tile.query_count * stride)];
    kernels.attention(tile);
  }
  std::vector<float> outputs(static_cast<size_t>(tile.query_count * width_of(tile)));
  for (int i = 0; i < tile.query_count; ++i) {
    kernels.attention_merge({.partials = &partials[static_cast<size_t>(i * stride)],
                             .chunk_stride = int64_t{tile.query_count} * stride,
                             .chunk_count = chunk_count,
                             .head_dim = width_of(tile),
                             .has_sink = tile.has_sinks,
                             .sink = tile.sinks[i],
                             .output = &outputs[static_cast<size_t>(i * width_of(tile))]});
  }
  return outputs;
}

void expect_near(const std::vector<float>& got, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  double squares = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], 4 * tolerance) << "at " << i;
    squares += std::pow(got[i] - expected[i], 2);
  }
  EXPECT_LT(std::sqrt(squares / static_cast<double>(got.size())), tolerance);
}

TEST_P(AttentionTest, EveryTypeHeadGroupAndWindow) {
  for (const KvType type : kTypes) {
    for (const int head_dim : {8, 24, 64, 80, 96, 128, 256}) {
      for (const int group : {1, 2, 3, 4, 8}) {
        for (const int window : {0, 1, 19, 300}) {
          SCOPED_TRACE(std::string(kv_type_name(type)) + " head " + std::to_string(head_dim) + " group " +
                       std::to_string(group) + " window " + std::to_string(window));
          const int rows = uniform(1, (uniform(0, 3) == 0 ? kQueriesMax : 64) / group), last = uniform(rows, 700);
          Case test = make_case(type, head_dim, last, rows * group);
          AttentionTile tile = test.tile(rows * group);
          tile.has_sinks = group == 4;
          for (int i = 0; i < rows * group; ++i) {
            tile.visible[i] = last - rows + i / group + 1;
            tile.first[i] = window > 0 ? std::max(0, tile.visible[i] - window) : 0;
            tile.sinks[i] = static_cast<float>(i % group);
          }
          const auto expected = run(scalar, tile, chunks_of(tile));
          const auto got = run(fast(), tile, chunks_of(tile));
          expect_near(got, expected, tolerance(type));
          // An output may lie on its query.
          std::vector<float> alias = test.queries;
          for (int i = 0; i < rows * group; ++i) {
            tile.queries[i] = tile.outputs[i] = &alias[static_cast<size_t>(i * head_dim)];
          }
          tile.chunk_end = chunks_of(tile);
          fast().attention(tile);
          EXPECT_EQ(alias, got);
        }
      }
    }
  }
}

TEST_P(AttentionTest, PiecesGiveTheSameBits) {
  for (const KvType type : kTypes) {
    for (const int head_dim : {24, 64, 128}) {
      for (const int window : {0, 600}) {
        Case test = make_case(type, head_dim, 1500, 18);
        AttentionTile tile = test.tile(18);
        tile.has_sinks = head_dim == 64;
        for (int i = 0; i < 18; ++i) {
          tile.visible[i] = 1100 + i * 20;
          tile.first[i] = window > 0 ? tile.visible[i] - window : 0;
          tile.sinks[i] = 0.3f;
        }
        const auto whole = run(fast(), tile, chunks_of(tile));
        for (const int piece : {1, 2, 4}) EXPECT_EQ(run_in_pieces(fast(), tile, piece), whole);
        expect_near(run_in_pieces(scalar, tile, 2), run(scalar, tile, chunks_of(tile)), 1e-6);
      }
    }
  }
}

TEST_P(AttentionTest, CompanyDoesNotChangeBits) {
  for (const KvType type : kTypes) {
    for (const int head_dim : {24, 64, 128}) {
      Case test = make_case(type, head_dim, 600, kQueriesMax);
      AttentionTile all = test.tile(kQueriesMax);
      for (int i = 0; i < kQueriesMax; ++i) {
        all.visible[i] = uniform(1, 600);
        all.first[i] = i % 3 == 0 ? uniform(0, all.visible[i] - 1) : 0;
      }
      const auto together = run(fast(), all, chunks_of(all));
      for (const int count : {1, 2, 3, 5, 7, 8, 17, 40}) {
        const int begin = uniform(0, kQueriesMax - count);
        AttentionTile some = test.tile(count);
        for (int i = 0; i < count; ++i) {
          some.queries[i] = all.queries[begin + i];
          some.visible[i] = all.visible[begin + i];
          some.first[i] = all.first[begin + i];
        }
        const auto apart = run(fast(), some, chunks_of(some));
        for (size_t i = 0; i < apart.size(); ++i) {
          ASSERT_EQ(apart[i], together[static_cast<size_t>(begin * head_dim) + i])
              << kv_type_name(type) << " head " << head_dim << " queries " << count;
        }
      }
    }
  }
}

// Latent attention: one key head, whose keys' first numbers are the values.
TEST_P(AttentionTest, ValuesMayBeKeys) {
  struct Widths {
    int key, value;
  };
  for (const KvType type : kTypes) {
    for (const auto [key, value] : {Widths{24, 16}, {40, 24}, {64, 48}, {128, 64}, {288, 256}, {576, 512}}) {
      for (const int count : {1, 2, 7, 20, 40}) {
        SCOPED_TRACE(std::string(kv_type_name(type)) + " key " + std::to_string(key) + " value " +
                     std::to_string(value) + " queries " + std::to_string(count));
        const int last = uniform(1, 700);
        Case test = make_case(type, key, last, count, value);
        AttentionTile tile = test.tile(count);
        for (int i = 0; i < count; ++i) {
          tile.visible[i] = uniform(1, last);
          tile.first[i] = i % 4 == 3 ? uniform(0, tile.visible[i] - 1) : 0;
        }
        const auto got = run(fast(), tile, chunks_of(tile));
        const auto expected = run(scalar, tile, chunks_of(tile));
        expect_near(got, expected, tolerance(type));
        EXPECT_EQ(run_in_pieces(fast(), tile, 2), got);
        if (count == 7) expect_near(run_in_pieces(scalar, tile, 2), expected, 1e-6);
        // A query alone gets the same bits.
        AttentionTile one = test.tile(1);
        one.queries[0] = tile.queries[count / 2];
        one.visible[0] = tile.visible[count / 2];
        one.first[0] = tile.first[count / 2];
        const auto alone = run(fast(), one, chunks_of(one));
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), got.begin() + count / 2 * value));
        // An output may lie on its query.
        std::vector<float> alias = test.queries;
        for (int i = 0; i < count; ++i) tile.queries[i] = tile.outputs[i] = &alias[static_cast<size_t>(i * key)];
        tile.chunk_end = chunks_of(tile);
        fast().attention(tile);
        for (int i = 0; i < count; ++i) {
          EXPECT_TRUE(std::equal(got.begin() + i * value, got.begin() + (i + 1) * value, alias.begin() + i * key));
        }
      }
    }
  }
}

// What lies in a block behind the last written position belongs to nobody and may be anything.
TEST_P(AttentionTest, WritesTheReferenceBitsAndClearsTheRest) {
  for (const KvType type : kTypes) {
    for (const int head_dim : {8, 24, 64, 80, 128, 250, 256}) {
      const auto bytes = static_cast<size_t>(kv_head_bytes(type, head_dim));
      std::vector<float> rows(static_cast<size_t>(16 * 3 * head_dim));
      std::normal_distribution<float> normal(0.0f, 3.0f);
      for (float& x : rows) x = normal(rng_);
      std::fill_n(rows.begin() + 3 * head_dim, head_dim, 0.0f);
      rows[0] = 70000.0f;     // infinity in f16
      rows[1] = 1e-6f;        // subnormal there
      rows[2] = 1.00390625f;  // half way between two bf16
      std::vector<std::byte> got(2 * bytes, std::byte{0xFF}), expected = got;
      for (int slot = 0; slot < 13;) {
        const int count = std::min(uniform(1, 6), 13 - slot);
        const auto write = [&](const Kernels& kernels, std::vector<std::byte>& to) {
          kernels.write_kv({.type = type,
                            .head_dim = head_dim,
                            .slot = slot,
                            .count = count,
                            .k = &rows[static_cast<size_t>(slot * 3 * head_dim)],
                            .v = &rows[static_cast<size_t>((slot * 3 + 1) * head_dim)],
                            .row_stride = 3 * head_dim,
                            .keys = to.data(),
                            .values = to.data() + bytes});
        };
        write(fast(), got);
        write(scalar, expected);
        ASSERT_EQ(got, expected) << kv_type_name(type) << " head " << head_dim << " slot " << slot;
        slot += count;
      }
      // Keys that are values, too, are cleared as those are.
      std::vector<std::byte> keys(bytes, std::byte{0xFF}), expected_keys = keys;
      const auto write_keys = [&](const Kernels& kernels, std::vector<std::byte>& to) {
        kernels.write_kv({.type = type,
                          .head_dim = head_dim,
                          .count = 13,
                          .k = rows.data(),
                          .row_stride = 3 * head_dim,
                          .keys = to.data()});
      };
      write_keys(fast(), keys);
      write_keys(scalar, expected_keys);
      ASSERT_EQ(keys, expected_keys) << kv_type_name(type) << " head " << head_dim;
      // Values of positions 13 to 15: zero in every type, whatever they lie between.
      AttentionTile tile{.query_count = 1, .type = type, .head_dim = head_dim};
      const uint32_t block = 0;
      std::vector<float> query(static_cast<size_t>(head_dim), 0.0f), output = query;
      std::memset(got.data(), 0, bytes);
      tile.queries[0] = query.data();
      tile.outputs[0] = output.data();
      tile.first[0] = 13;
      tile.visible[0] = 16;
      tile.keys = got.data();
      tile.values = got.data() + bytes;
      tile.blocks = &block;
      tile.chunk_end = 1;
      scalar.attention(tile);
      for (const float x : output) ASSERT_EQ(x, 0.0f);
      std::fill(output.begin(), output.end(), 1.0f);
      tile.keys = keys.data();
      tile.values = nullptr;
      tile.value_dim = head_dim;
      scalar.attention(tile);
      for (const float x : output) ASSERT_EQ(x, 0.0f);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, AttentionTest,
                         testing::Values(Isa::avx2, Isa::avx_vnni, Isa::avx512, Isa::avx512_bf16, Isa::amx),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace estoc::kernels
