// Rows that a producer leaves in a form at once are the rows it would have left in f32, brought into that form.
#include "ops/rows.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernels/kernels.h"

namespace estoc {
namespace {

float value(int64_t row, int64_t column) { return static_cast<float>((row * 131 + column * 17) % 97 - 48) * 0.37f; }

void expect_same_bytes(const void* a, const void* b, int64_t bytes, const char* what) {
  EXPECT_EQ(std::memcmp(a, b, static_cast<size_t>(bytes)), 0) << what;
}

TEST(Rows, FillLeavesTheFormThatMakeWouldMake) {
  constexpr int64_t kColumns = 160;
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    for (const bool is_wide : {false, true}) {
      const Compute compute{team, kernels::table(), is_wide};
      for (const int64_t count : {1, 3, 15, 16, 17, 130, 700}) {
        Rows plain(700, kColumns), codes(700, kColumns), tiles(700, kColumns), code_tiles(700, kColumns);
        for (Rows* rows : {&plain, &codes, &tiles, &code_tiles}) rows->reset(count);
        const auto write = [&](int64_t r, float* out) {
          for (int64_t k = 0; k < kColumns; ++k) out[k] = value(r, k);
        };
        plain.fill(compute, RowForm::values, write);
        for (int64_t r = 0; r < count; ++r) EXPECT_EQ(plain.row(r)[7], value(r, 7));
        codes.fill(compute, RowForm::quantized, write);
        tiles.fill(compute, RowForm::tiles, write);
        plain.make(compute, RowForm::quantized);
        plain.make(compute, RowForm::tiles);
        code_tiles.fill(compute, RowForm::code_tiles, write);
        plain.make(compute, RowForm::code_tiles);
        SCOPED_TRACE(testing::Message() << count << " rows, " << threads << " threads");
        const kernels::QuantizedRows &a = plain.quantized(), &b = codes.quantized();
        expect_same_bytes(a.codes, b.codes, count * kColumns, "codes");
        if (is_wide) expect_same_bytes(a.low_codes, b.low_codes, count * kColumns, "low codes");
        expect_same_bytes(a.scales, b.scales, count * a.block_count() * int64_t{sizeof(*a.scales)}, "scales");
        expect_same_bytes(a.sums, b.sums, count * a.group_count() * int64_t{sizeof(*a.sums)}, "sums");
        const int64_t padded = kernels::RowTiles::tile_count(count) * kernels::RowTiles::kRows;
        expect_same_bytes(plain.tiles().values, tiles.tiles().values, padded * kColumns * 2, "tiles");
        const kernels::CodeTiles &c = plain.code_tiles(), &d = code_tiles.code_tiles();
        const int64_t stretches = padded / kernels::CodeTiles::kRows * c.stretch_count();
        const int64_t code_count = padded * c.column_tiles() * kernels::CodeTiles::kColumns;
        expect_same_bytes(c.codes, d.codes, code_count, "codes of tiles");
        expect_same_bytes(c.high_codes, d.high_codes, code_count, "high codes of tiles");
        expect_same_bytes(c.marks, d.marks, stretches * int64_t{sizeof(*c.marks)}, "marks");
        expect_same_bytes(c.scales, d.scales, stretches * 16 * int64_t{sizeof(*c.scales)}, "scales of tiles");
        expect_same_bytes(c.sums, d.sums, stretches * 32 * int64_t{sizeof(*c.sums)}, "sums of tiles");
      }
    }
  }
}

// A strip's values lie in a thread's own place only where every thread can have one.
TEST(Rows, FewRowsAndManyThreads) {
  constexpr int64_t kRows = 49, kColumns = 1024;
  ThreadTeam team(8);
  const Compute compute{team, kernels::table(), false};
  const auto write = [](int64_t r, float* out) {
    for (int64_t k = 0; k < kColumns; ++k) out[k] = value(r, k);
  };
  Rows plain(kRows, kColumns), codes(kRows, kColumns);
  plain.reset(kRows);
  plain.fill(compute, RowForm::values, write);
  plain.make(compute, RowForm::code_tiles);
  for (int time = 0; time < 300; ++time) {
    codes.reset(kRows);
    codes.fill(compute, RowForm::code_tiles, write);
    const kernels::CodeTiles &a = plain.code_tiles(), &b = codes.code_tiles();
    ASSERT_EQ(std::memcmp(a.codes, b.codes, static_cast<size_t>(4 * a.column_tiles() * a.kTileCodes)), 0) << time;
  }
}

// The first strip as codes taken from elsewhere, the second as tiles of codes, the third as bf16 tiles.
TEST(Rows, StripsMayHaveDifferentForms) {
  constexpr int64_t kColumns = 160, kStrip = Rows::kStrip;
  ThreadTeam team(2);
  for (const bool is_wide : {false, true}) {
    const Compute compute{team, kernels::table(), is_wide};
    const auto write = [](int64_t r, float* out) {
      for (int64_t k = 0; k < kColumns; ++k) out[k] = value(r, k);
    };
    Rows whole(3 * kStrip, kColumns), parts(3 * kStrip, kColumns);
    whole.reset(3 * kStrip);
    whole.fill(compute, RowForm::values, write);
    for (const RowForm form : {RowForm::quantized, RowForm::code_tiles, RowForm::tiles}) whole.make(compute, form);
    parts.reset(3 * kStrip);
    parts.begin_parts(compute, false);
    for (int64_t r = 0; r < kStrip; ++r) parts.copy_codes(r, whole, kStrip - 1 - r);
    const RowForm second = RowForm::code_tiles, third[] = {RowForm::tiles, RowForm::quantized};
    parts.fill_part(compute, {&second, 1}, kStrip, 2 * kStrip, 1, write);
    parts.fill_part(compute, third, 2 * kStrip, 3 * kStrip - 1, 0, write);
    for (int64_t r = 0; r < kStrip; ++r) {
      const kernels::QuantizedRows a = parts.quantized_from(r), b = whole.quantized_from(kStrip - 1 - r);
      expect_same_bytes(a.codes, b.codes, kColumns, "codes");
      if (is_wide) expect_same_bytes(a.low_codes, b.low_codes, kColumns, "low codes");
      expect_same_bytes(a.scales, b.scales, a.block_count() * int64_t{sizeof(*a.scales)}, "scales");
      expect_same_bytes(a.sums, b.sums, a.group_count() * int64_t{sizeof(*a.sums)}, "sums");
    }
    const kernels::CodeTiles a = parts.code_tiles_of(kStrip, 2 * kStrip), b = whole.code_tiles_of(kStrip, 2 * kStrip);
    EXPECT_EQ(a.rows, kStrip);
    expect_same_bytes(a.codes, b.codes, a.column_tiles() * a.kTileCodes, "codes of tiles");
    expect_same_bytes(a.marks, b.marks, a.stretch_count() * int64_t{sizeof(*a.marks)}, "marks");
    expect_same_bytes(a.scales, b.scales, a.stretch_count() * 16 * int64_t{sizeof(*a.scales)}, "scales of tiles");
    expect_same_bytes(a.sums, b.sums, a.stretch_count() * 32 * int64_t{sizeof(*a.sums)}, "sums of tiles");
    const kernels::RowTiles c = parts.tiles_of(2 * kStrip, 3 * kStrip - 1), d = whole.tiles_of(2 * kStrip, 3 * kStrip);
    EXPECT_EQ(c.rows, kStrip - 1);
    for (int64_t tile = 0; tile < kColumns / 32; ++tile) {  // but for the row that is not there
      expect_same_bytes(c.values + tile * 512, d.values + tile * 512, 15 * 32 * 2, "tiles");
    }
    const kernels::QuantizedRows e = parts.quantized_from(2 * kStrip), f = whole.quantized_from(2 * kStrip);
    expect_same_bytes(e.codes, f.codes, (kStrip - 1) * kColumns, "codes beside tiles");
  }
}

// Strips that keep values stay as they are while a thread makes other strips' tiles.
TEST(Rows, StripsMayKeepValuesBesideTiles) {
  constexpr int64_t kColumns = 64, kStrip = Rows::kStrip;
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  const auto write = [](int64_t r, float* out) {
    for (int64_t k = 0; k < kColumns; ++k) out[k] = value(r, k);
  };
  Rows parts(3 * kStrip, kColumns);
  parts.reset(3 * kStrip);
  parts.begin_parts(compute, true);
  for (const auto& [strip, form] : {std::pair{0, RowForm::values}, {1, RowForm::tiles}, {2, RowForm::values}}) {
    parts.fill_part(compute, {&form, 1}, strip * kStrip, (strip + 1) * kStrip, 0, write);
  }
  for (int64_t r = 0; r < 3 * kStrip; ++r) {
    for (int64_t k = 0; k < kColumns; ++k) {
      if (r / kStrip == 1) continue;
      ASSERT_EQ(parts.row(r)[k], value(r, k)) << r;
    }
  }
  Rows whole(3 * kStrip, kColumns);
  whole.reset(3 * kStrip);
  whole.fill(compute, RowForm::tiles, write);
  const kernels::RowTiles a = parts.tiles_of(kStrip, 2 * kStrip), b = whole.tiles_of(kStrip, 2 * kStrip);
  expect_same_bytes(a.values, b.values, kStrip * kColumns * 2, "tiles");
}

}  // namespace
}  // namespace estoc
