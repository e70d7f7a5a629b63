#include "bench/kernel_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <tuple>

#include "base/check.h"
#include "tensor/page_memory.h"

namespace estoc {
namespace {

using kernels::Arithmetic;
using kernels::Kernels;

using Cases = std::vector<KernelCase>;

constexpr int64_t kRowCounts[] = {1, 2, 3, 4, 5, 8, 16, 64, 512};
constexpr int64_t kColdRowsMax = 8;  // above, the time is in computing, wherever the weights are

struct MatrixShape {
  int64_t rows, columns;
};
constexpr MatrixShape kMatrices[] = {{3072, 1024}, {1024, 3072}};

#define SAME_CELL(cell) [](const Kernels& a, const Kernels& b) { return a.cell == b.cell; }

// Activations as matrices read them: f32, and the two planes of codes.
struct Activations {
  Activations(int64_t rows, int64_t columns, bool is_wide)
      : values(static_cast<size_t>(rows * columns)),
        codes(values.size()),
        low_codes(is_wide ? values.size() : 0),
        scales(
            static_cast<size_t>(rows) * static_cast<size_t>(kernels::QuantizedRows{.columns = columns}.block_count()),
            {0.01f, 1.0f}),
        sums(values.size() / kernels::kActivationGroup) {
    std::mt19937 random(1);
    for (float& value : values) value = static_cast<float>(random() % 2001) / 1000 - 1;
    for (int8_t& code : codes) code = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
    for (int8_t& code : low_codes) code = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
    view = {.codes = codes.data(),
            .low_codes = is_wide ? low_codes.data() : nullptr,
            .scales = scales.data(),
            .sums = sums.data(),
            .columns = columns};
  }
  std::vector<float> values;
  std::vector<int8_t> codes, low_codes;
  std::vector<kernels::ActivationScale> scales;
  std::vector<kernels::ActivationSums> sums;
  kernels::QuantizedRows view;
};

// Activations as bf16 tiles, numbers of 1 to 2 of either sign.
struct TiledActivations {
  TiledActivations(int64_t rows, int64_t columns)
      : memory(static_cast<uint64_t>(kernels::RowTiles::tile_count(rows) * kernels::RowTiles::kRows * columns) *
                   sizeof(uint16_t),
               "benchmark operands"),
        view{.values = memory.as<uint16_t>(), .rows = rows, .columns = columns} {
    std::mt19937 random(1);
    for (uint16_t& value : std::span(memory.as<uint16_t>(), memory.bytes() / sizeof(uint16_t))) {
      value = static_cast<uint16_t>(0x3f80 | (random() & 0x807f));
    }
  }
  PageMemory memory;  // pages, as activations have them: a tile that straddles cache lines takes twice as long to load
  kernels::RowTiles view;
};

// Copies of `bytes` in the memory that runs take in turn: one, or as many as there are when cold.
struct Copies {
  Copies(std::span<const std::byte> all, double copy_bytes, bool is_cold)
      : memory(all), bytes((static_cast<size_t>(copy_bytes) + 63) / 64 * 64), count(is_cold ? all.size() / bytes : 1) {
    ESTOC_CHECK(count > 0);
  }
  const std::byte* next() { return memory.data() + (turn++ % count) * bytes; }
  double footprint() const { return static_cast<double>(bytes * count); }

  std::span<const std::byte> memory;
  size_t bytes, count;
  size_t turn = 0;
};

struct PanelFormat {
  const char* name;
  int bits;
  bool has_min, is_wide;
  const uint8_t* values = nullptr;
};
constexpr uint8_t kTable[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};
constexpr PanelFormat kPanelFormats[] = {{"int4", 4, false, false},
                                         {"int4+min", 4, true, false},
                                         {"int8", 8, false, false},
                                         {"table", 4, false, false, kTable},
                                         {"int4 wide", 4, false, true}};

kernels::PanelMatrix panel_matrix(std::span<const std::byte> memory, const PanelFormat& format, MatrixShape shape) {
  return {.data = memory.data(),
          .rows = shape.rows,
          .columns = shape.columns,
          .bits = format.bits,
          .group = 32,
          .zero = format.values != nullptr ? 16
                  : format.bits == 4       ? 8
                                           : 128,
          .has_min = format.has_min,
          .values = format.values};
}

void add_panel_gemm(std::span<const std::byte> memory, const PanelFormat& format, MatrixShape shape, int64_t x_rows,
                    bool is_cold, Cases& cases) {
  kernels::PanelMatrix w = panel_matrix(memory, format, shape);
  const auto weight_bytes = static_cast<double>(w.panel_bytes() * w.panel_count());
  const auto copies = std::make_shared<Copies>(memory, weight_bytes, is_cold);
  const auto x = std::make_shared<Activations>(x_rows, shape.columns, format.is_wide);
  const auto out = std::make_shared<std::vector<float>>(static_cast<size_t>(x_rows * shape.rows));
  cases.push_back(
      {.kernel = "panel_gemm",
       .what = fmt::format("{} {}x{} x{}{}", format.name, shape.rows, shape.columns, x_rows, is_cold ? " cold" : ""),
       .arithmetic = Arithmetic::int8,
       .macs = static_cast<double>(shape.rows * shape.columns * x_rows) * (format.is_wide ? 2 : 1),
       .bytes = weight_bytes,
       .footprint = copies->footprint(),
       .is_same = SAME_CELL(panel_gemm),
       .run = [=](const Kernels& table) mutable {
         w.data = copies->next();
         table.panel_gemm(w, 0, w.panel_count(), x->view, 0, x_rows, {out->data(), shape.rows});
       }});
}

// The same product on the matrix unit, rows as bf16 tiles.
void add_tile_gemm(std::span<const std::byte> memory, const PanelFormat& format, MatrixShape shape, int64_t x_rows,
                   Cases& cases) {
  const kernels::PanelMatrix w = panel_matrix(memory, format, shape);
  const auto weight_bytes = static_cast<double>(w.panel_bytes() * w.panel_count());
  const auto x = std::make_shared<TiledActivations>(x_rows, shape.columns);
  const auto out =
      std::make_shared<PageMemory>(static_cast<uint64_t>(x_rows * shape.rows) * sizeof(float), "benchmark operands");
  cases.push_back({.kernel = "tile_gemm",
                   .what = fmt::format("{} {}x{} x{}", format.name, shape.rows, shape.columns, x_rows),
                   .arithmetic = Arithmetic::bf16,
                   .macs = static_cast<double>(shape.rows * shape.columns * x_rows),
                   .bytes = weight_bytes,
                   .footprint = weight_bytes,
                   .is_same = SAME_CELL(tile_gemm),
                   .run = [=](const Kernels& table) {
                     table.tile_gemm(w, 0, w.panel_count(), x->view, {out->as<float>(), shape.rows});
                   }});
}

// The same product of code tiles, without marks.
void add_code_tile_gemm(std::span<const std::byte> memory, const PanelFormat& format, MatrixShape shape, int64_t x_rows,
                        Cases& cases) {
  const kernels::PanelMatrix w = panel_matrix(memory, format, shape);
  const auto weight_bytes = static_cast<double>(w.panel_bytes() * w.panel_count());
  kernels::CodeTiles rows{.rows = x_rows, .columns = shape.columns};
  const int64_t row_tiles = kernels::CodeTiles::tile_count(x_rows);
  const int64_t code_count = row_tiles * rows.column_tiles() * kernels::CodeTiles::kTileCodes;
  const auto codes = std::make_shared<PageMemory>(static_cast<uint64_t>(code_count), "benchmark operands");
  std::mt19937 random(1);
  for (int8_t& code : std::span(codes->as<int8_t>(), static_cast<size_t>(code_count))) {
    code = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
  }
  const auto stretches = static_cast<size_t>(row_tiles * rows.stretch_count());
  const auto scales = std::make_shared<std::vector<float>>(stretches * kernels::CodeTiles::kRows, 0.01f);
  const auto marks = std::make_shared<std::vector<uint16_t>>(stretches);
  const auto sums = std::make_shared<std::vector<int32_t>>(stretches * 2 * kernels::CodeTiles::kRows);
  rows.codes = codes->as<int8_t>();
  rows.high_codes = rows.codes;
  rows.scales = scales->data();
  rows.marks = marks->data();
  rows.sums = sums->data();
  const auto out =
      std::make_shared<PageMemory>(static_cast<uint64_t>(x_rows * shape.rows) * sizeof(float), "benchmark operands");
  cases.push_back({.kernel = "code_tile_gemm",
                   .what = fmt::format("{} {}x{} x{}", format.name, shape.rows, shape.columns, x_rows),
                   .arithmetic = Arithmetic::int8,
                   .macs = static_cast<double>(shape.rows * shape.columns * x_rows),
                   .bytes = weight_bytes,
                   .footprint = weight_bytes,
                   .is_same = SAME_CELL(code_tile_gemm),
                   .run = [=, keep = std::tuple(codes, scales, marks, sums)](const Kernels& table) {
                     table.code_tile_gemm(w, 0, w.panel_count(), rows, {out->as<float>(), shape.rows});
                   }});
}

struct DenseFormat {
  const char* name;
  kernels::Dense type;
  int64_t bytes;
  Arithmetic arithmetic;
};
constexpr DenseFormat kDenseFormats[] = {{"f32", kernels::Dense::f32, 4, Arithmetic::f32},
                                         {"f16", kernels::Dense::f16, 2, Arithmetic::f32},
                                         {"bf16", kernels::Dense::bf16, 2, Arithmetic::bf16}};

void add_dense_gemm(std::span<const std::byte> memory, const DenseFormat& format, MatrixShape shape, int64_t x_rows,
                    bool is_cold, Cases& cases) {
  const auto weight_bytes = static_cast<double>(shape.rows * shape.columns * format.bytes);
  const auto copies = std::make_shared<Copies>(memory, weight_bytes, is_cold);
  const auto x = std::make_shared<Activations>(x_rows, shape.columns, false);
  const auto out = std::make_shared<std::vector<float>>(static_cast<size_t>(x_rows * shape.rows));
  cases.push_back(
      {.kernel = "dense_gemm",
       .what = fmt::format("{} {}x{} x{}{}", format.name, shape.rows, shape.columns, x_rows, is_cold ? " cold" : ""),
       .arithmetic = format.arithmetic,
       .macs = static_cast<double>(shape.rows * shape.columns * x_rows),
       .bytes = weight_bytes,
       .footprint = copies->footprint(),
       .is_same = SAME_CELL(dense_gemm),
       .run = [=](const Kernels& table) {
         table.dense_gemm(format.type, copies->next(), shape.rows, shape.columns * format.bytes, shape.columns,
                          x->values.data(), x_rows, shape.columns, {out->data(), shape.rows});
       }});
}

// The same product for rows as bf16 tiles: with two planes of weights where they have more bits.
void add_dense_tile_gemm(std::span<const std::byte> memory, const DenseFormat& format, MatrixShape shape,
                         int64_t x_rows, Cases& cases) {
  const auto weight_bytes = static_cast<double>(shape.rows * shape.columns * format.bytes);
  const auto x = std::make_shared<TiledActivations>(x_rows, shape.columns);
  const auto out =
      std::make_shared<PageMemory>(static_cast<uint64_t>(x_rows * shape.rows) * sizeof(float), "benchmark operands");
  const int planes = format.type == kernels::Dense::bf16 ? 1 : 2;
  cases.push_back({.kernel = "dense_tile_gemm",
                   .what = fmt::format("{} {}x{} x{}", format.name, shape.rows, shape.columns, x_rows),
                   .arithmetic = Arithmetic::bf16,
                   .macs = static_cast<double>(shape.rows * shape.columns * x_rows * planes),
                   .bytes = weight_bytes,
                   .footprint = weight_bytes,
                   .is_same = SAME_CELL(dense_tile_gemm),
                   .run = [=](const Kernels& table) {
                     table.dense_tile_gemm(format.type, memory.data(), shape.rows, shape.columns * format.bytes,
                                           x->view, {out->as<float>(), shape.rows});
                   }});
}

// Codes of 8-bit floats with a factor for each block of 128 x 128.
std::pair<kernels::F8Rows, std::shared_ptr<std::vector<float>>> f8_rows(MatrixShape shape) {
  constexpr int64_t kBlock = 128;
  const int64_t panels = shape.rows / kernels::kPanelRows;
  const auto scales = std::make_shared<std::vector<float>>(static_cast<size_t>(panels * shape.columns / kBlock), 0.01f);
  const kernels::F8Rows rows{.rows = shape.rows,
                             .columns = shape.columns,
                             .stride_bytes = shape.columns,
                             .scales = scales->data(),
                             .scale_stride = panels,
                             .scale_rows = kernels::kPanelRows,
                             .scale_columns = kBlock};
  return {rows, scales};
}

void add_f8_gemm(std::span<const std::byte> memory, MatrixShape shape, int64_t x_rows, bool is_cold, Cases& cases) {
  const auto weight_bytes = static_cast<double>(shape.rows * shape.columns);
  const auto copies = std::make_shared<Copies>(memory, weight_bytes, is_cold);
  const auto x = std::make_shared<Activations>(x_rows, shape.columns, false);
  const auto out = std::make_shared<std::vector<float>>(static_cast<size_t>(x_rows * shape.rows));
  cases.push_back(
      {.kernel = "f8_gemm",
       .what = fmt::format("f8_e4m3 {}x{} x{}{}", shape.rows, shape.columns, x_rows, is_cold ? " cold" : ""),
       .arithmetic = Arithmetic::f32,
       .macs = static_cast<double>(shape.rows * shape.columns * x_rows),
       .bytes = weight_bytes,
       .footprint = copies->footprint(),
       .is_same = SAME_CELL(f8_gemm),
       .run = [=, w = f8_rows(shape)](const Kernels& table) {
         kernels::F8Rows rows = w.first;
         rows.codes = static_cast<const std::byte*>(copies->next());
         table.f8_gemm(rows, x->values.data(), x_rows, shape.columns, {out->data(), shape.rows});
       }});
}

void add_f8_tile_gemm(std::span<const std::byte> memory, MatrixShape shape, int64_t x_rows, Cases& cases) {
  const auto weight_bytes = static_cast<double>(shape.rows * shape.columns);
  const auto x = std::make_shared<TiledActivations>(x_rows, shape.columns);
  const auto out =
      std::make_shared<PageMemory>(static_cast<uint64_t>(x_rows * shape.rows) * sizeof(float), "benchmark operands");
  cases.push_back({.kernel = "f8_tile_gemm",
                   .what = fmt::format("f8_e4m3 {}x{} x{}", shape.rows, shape.columns, x_rows),
                   .arithmetic = Arithmetic::bf16,
                   .macs = static_cast<double>(shape.rows * shape.columns * x_rows),
                   .bytes = weight_bytes,
                   .footprint = weight_bytes,
                   .is_same = SAME_CELL(f8_tile_gemm),
                   .run = [=, w = f8_rows(shape)](const Kernels& table) {
                     kernels::F8Rows rows = w.first;
                     rows.codes = memory.data();
                     table.f8_tile_gemm(rows, x->view, {out->as<float>(), shape.rows});
                   }});
}

// One KV head against `positions` positions, by one query or by a tile of them. `value_dim` above 0: the values are
// that much of the keys.
void add_attention(std::span<const std::byte> memory, KvType type, int head_dim, int value_dim, int positions,
                   int queries, Cases& cases) {
  struct Operands {
    std::vector<uint32_t> blocks;
    std::vector<float> queries, outputs;
    kernels::AttentionTile tile;
  };
  const auto all = std::make_shared<Operands>();
  const auto head_bytes = static_cast<size_t>(kv_head_bytes(type, head_dim));
  const int blocks = positions / kKvBlockTokens;
  const size_t block_bytes = (value_dim > 0 ? 1 : 2) * head_bytes;
  const size_t bytes = static_cast<size_t>(blocks) * block_bytes;
  ESTOC_CHECK(bytes <= memory.size());
  for (int b = 0; b < blocks; ++b) all->blocks.push_back(static_cast<uint32_t>(b));
  all->queries.assign(static_cast<size_t>(queries * head_dim), 0.1f);
  all->outputs.resize(all->queries.size());
  kernels::AttentionTile& tile = all->tile;
  tile.query_count = queries;
  tile.type = type;
  tile.head_dim = head_dim;
  tile.scale = 0.1f;
  tile.keys = memory.data();
  tile.values = value_dim > 0 ? nullptr : memory.data() + head_bytes;
  tile.value_dim = value_dim;
  tile.block_bytes = static_cast<int64_t>(block_bytes);
  tile.blocks = all->blocks.data();
  tile.chunk_end = (positions + kernels::kAttentionChunk - 1) / kernels::kAttentionChunk;
  for (int q = 0; q < queries; ++q) {
    tile.queries[q] = all->queries.data() + q * head_dim;
    tile.outputs[q] = all->outputs.data() + q * head_dim;
    tile.first[q] = 0;
    tile.visible[q] = positions;
  }
  cases.push_back({.kernel = "attention",
                   .what = fmt::format("{} {} {} ctx {} x{}", kv_type_name(type), value_dim > 0 ? "latent" : "head",
                                       head_dim, positions, queries),
                   .arithmetic = Arithmetic::f32,
                   .macs = (head_dim + (value_dim > 0 ? value_dim : head_dim)) * 1.0 * positions * queries,
                   .bytes = static_cast<double>(bytes),
                   .footprint = static_cast<double>(bytes),
                   .is_same = SAME_CELL(attention),
                   .run = [=](const Kernels& table) { table.attention(all->tile); }});
}

// One head of a gated delta net, its state in the cache: rows together or one by one.
void add_delta_rule(int64_t key_dim, int64_t value_dim, int64_t rows, bool is_row_by_row, Cases& cases) {
  struct Operands {
    std::vector<float> q, k, v, out, decay, beta;
    PageMemory state;  // aligned, as states are
  };
  const auto all = std::make_shared<Operands>();
  const uint64_t state_bytes = static_cast<uint64_t>(kernels::delta_state_floats(key_dim, value_dim)) * sizeof(float);
  all->q.assign(static_cast<size_t>(rows * key_dim), 0.01f);
  all->k = all->q;
  all->v.assign(static_cast<size_t>(rows * value_dim), 0.5f);
  all->out = all->v;
  all->decay.assign(static_cast<size_t>(rows), 0.9f);
  all->beta.assign(static_cast<size_t>(rows), 0.5f);
  all->state = PageMemory(state_bytes, "benchmark operands");
  const kernels::DeltaRule rule{.q = all->q.data(),
                                .k = all->k.data(),
                                .key_stride = key_dim,
                                .v = all->v.data(),
                                .value_stride = value_dim,
                                .decay = all->decay.data(),
                                .beta = all->beta.data(),
                                .gate_stride = 1,
                                .row_count = rows,
                                .key_dim = key_dim,
                                .value_dim = value_dim,
                                .block_begin = 0,
                                .block_end = kernels::delta_lane_blocks(value_dim),
                                .is_row_by_row = is_row_by_row,
                                .state = all->state.as<float>(),
                                .out = all->out.data(),
                                .out_stride = value_dim};
  const auto bytes = 2 * static_cast<double>(state_bytes);
  cases.push_back(
      {.kernel = "delta_rule",
       .what = fmt::format("{}x{} x{}{}", key_dim, value_dim, rows, is_row_by_row && rows > 1 ? " row by row" : ""),
       .arithmetic = Arithmetic::f32,
       .macs = 3.0 * static_cast<double>(key_dim * value_dim * rows),
       .bytes = bytes,
       .footprint = bytes / 2,
       .is_same = SAME_CELL(delta_rule),
       .run = [=](const Kernels& table) { table.delta_rule(rule), static_cast<void>(all); }});
}

// So many columns through so many rows, in place.
void add_causal_conv(int64_t columns, int64_t rows, Cases& cases) {
  constexpr int kConvWidth = 4;
  struct Operands {
    std::vector<float> values, out, taps, state;
  };
  const auto all = std::make_shared<Operands>();
  all->values.assign(static_cast<size_t>(rows * columns), 0.5f);
  all->out = all->values;
  all->taps.assign(static_cast<size_t>(kConvWidth * columns), 0.25f);
  all->state.assign(static_cast<size_t>((kConvWidth - 1) * columns), 0.5f);
  const kernels::CausalConv conv{.in = all->values.data(),
                                 .in_stride = columns,
                                 .row_count = rows,
                                 .begin = 0,
                                 .end = columns,
                                 .taps = all->taps.data(),
                                 .tap_stride = columns,
                                 .bias = nullptr,
                                 .width = kConvWidth,
                                 .state = all->state.data(),
                                 .state_stride = columns,
                                 .out = all->out.data(),
                                 .out_stride = columns};
  const auto count = static_cast<double>(rows * columns);
  cases.push_back({.kernel = "causal_conv",
                   .what = fmt::format("{} x{}", columns, rows),
                   .arithmetic = Arithmetic::f32,
                   .macs = kConvWidth * count,
                   .bytes = 8 * count,
                   .footprint = 8 * count,
                   .is_same = SAME_CELL(causal_conv),
                   .run = [=](const Kernels& table) { table.causal_conv(conv), static_cast<void>(all); }});
}

// Vectors for the kernels that go once through them. Running one again and again must not lead to subnormals or
// infinities: outputs are apart, and what is turned in place is turned by true angles.
struct RowOperands {
  explicit RowOperands(int64_t size)
      : a(static_cast<size_t>(size)),
        b(a.size(), 0.5f),
        out(a.size()),
        cos(a.size() / 2, 0.6f),
        sin(a.size() / 2, 0.8f),
        codes(a.size()),
        low_codes(a.size()),
        halves(a.size()),
        scales(a.size() / 32),
        sums(a.size() / 32) {
    std::mt19937 random(1);
    for (float& value : a) value = static_cast<float>(random() % 2001) / 1000 - 1;
  }
  int64_t count() const { return static_cast<int64_t>(a.size()); }

  std::vector<float> a, b, out, cos, sin;
  std::vector<int8_t> codes, low_codes;
  std::vector<uint16_t> halves;
  std::vector<kernels::ActivationScale> scales;
  std::vector<kernels::ActivationSums> sums;
};

// `macs` and `bytes` (read and written) are those of one value.
void add_row_kernel(const char* kernel, int64_t count, double macs, double bytes,
                    std::function<bool(const Kernels&, const Kernels&)> is_same,
                    std::function<void(const Kernels&, RowOperands&)> run, Cases& cases) {
  const auto x = std::make_shared<RowOperands>(count);
  cases.push_back({.kernel = kernel,
                   .what = fmt::format("{}", count),
                   .arithmetic = Arithmetic::f32,
                   .macs = macs * static_cast<double>(count),
                   .bytes = bytes * static_cast<double>(count),
                   .footprint = bytes * static_cast<double>(count),
                   .is_same = std::move(is_same),
                   .run = [x, run = std::move(run)](const Kernels& table) { run(table, *x); }});
}

void add_row_kernels(int64_t count, Cases& cases) {
  add_row_kernel(
      "quantize_row", count, 2, 5, SAME_CELL(quantize_row),
      [](const Kernels& table, RowOperands& x) {
        table.quantize_row(x.a.data(), x.count(), x.codes.data(), nullptr, x.scales.data(), x.sums.data());
      },
      cases);
  add_row_kernel(
      "quantize_row wide", count, 4, 6, SAME_CELL(quantize_row),
      [](const Kernels& table, RowOperands& x) {
        table.quantize_row(x.a.data(), x.count(), x.codes.data(), x.low_codes.data(), x.scales.data(), x.sums.data());
      },
      cases);
  add_row_kernel(
      "rms_norm", count, 3, 12, SAME_CELL(rms_norm),
      [](const Kernels& table, RowOperands& x) {
        table.rms_norm(x.a.data(), x.b.data(), 1e-6f, x.count(), x.out.data());
      },
      cases);
  add_row_kernel(
      "rope", count, 2, 12, SAME_CELL(rope),
      [](const Kernels& table, RowOperands& x) { table.rope(x.a.data(), x.cos.data(), x.sin.data(), x.count() / 2); },
      cases);
  add_row_kernel(
      "silu", count, 2, 12, SAME_CELL(activate),
      [](const Kernels& table, RowOperands& x) {
        table.activate(kernels::Activation::silu, x.a.data(), x.b.data(), x.count(), x.out.data());
      },
      cases);
  add_row_kernel(
      "add", count, 1, 12, SAME_CELL(add),
      [](const Kernels& table, RowOperands& x) { table.add(x.a.data(), x.count(), x.out.data()); }, cases);
  add_row_kernel(
      "to_f16", count, 0, 6, SAME_CELL(to_f16),
      [](const Kernels& table, RowOperands& x) { table.to_f16(x.a.data(), x.count(), x.halves.data()); }, cases);
}

// One head group of a Mamba-2 layer: rows of one sequence with states of 64 x 128 in f32.
void add_ssd(int64_t rows, int64_t heads, bool is_cold, Cases& cases) {
  constexpr int64_t kHeadDim = 64, kStateSize = 128;
  constexpr uint64_t kColdBytes = uint64_t{128} << 20;
  const int64_t state_floats = heads * kHeadDim * kStateSize;
  const auto state_bytes = static_cast<uint64_t>(state_floats) * sizeof(float);
  const auto count = static_cast<int64_t>(is_cold ? kColdBytes / state_bytes : 1);
  // States are written: what other cases read must stay as it is.
  const auto states = std::make_shared<PageMemory>(state_bytes * static_cast<uint64_t>(count), "benchmark operands");
  const auto operands = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * heads * kHeadDim), 0.5f);
  const auto out = std::make_shared<std::vector<float>>(operands->size());
  const auto shared = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * kStateSize), 0.01f);
  const auto scalars = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * heads), 0.9f);
  cases.push_back({.kernel = rows == 1 ? "ssd_rows" : "ssd_chunk",
                   .what = fmt::format("{} heads 64x128 x{}{}", heads, rows, is_cold ? " cold" : ""),
                   .macs = static_cast<double>(rows * heads * kHeadDim * kStateSize) * 2,
                   .bytes = 2.0 * static_cast<double>(state_bytes),
                   .footprint = static_cast<double>(states->bytes()),
                   .is_same = rows == 1 ? SAME_CELL(ssd_rows) : SAME_CELL(ssd_chunk),
                   .run = [=, turn = int64_t{0}](const Kernels& table) mutable {
                     float* const state = states->as<float>() + turn++ % count * state_floats;
                     const kernels::SsdHeads ssd = {.x = operands->data(),
                                                    .b = shared->data(),
                                                    .c = shared->data(),
                                                    .steps = scalars->data(),
                                                    .decays = scalars->data(),
                                                    .skip = scalars->data(),
                                                    .x_stride = heads * kHeadDim,
                                                    .bc_stride = kStateSize,
                                                    .step_stride = heads,
                                                    .row_count = rows,
                                                    .heads = heads,
                                                    .head_dim = kHeadDim,
                                                    .state_size = kStateSize,
                                                    .state = state,
                                                    .out = out->data(),
                                                    .out_stride = heads * kHeadDim};
                     (rows == 1 ? table.ssd_rows : table.ssd_chunk)(ssd);
                   }});
}

// A piece of a Mamba layer: rows of one sequence, as many columns as are given out together.
void add_selective_scan(int64_t rows, Cases& cases) {
  constexpr int64_t kColumns = 128, kStateSize = 16;
  const auto operands = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * kColumns), 0.5f);
  const auto rates = std::make_shared<std::vector<float>>(static_cast<size_t>(kColumns * kStateSize), -1.0f);
  const auto state = std::make_shared<std::vector<float>>(rates->size());
  const auto out = std::make_shared<std::vector<float>>(operands->size());
  cases.push_back({.kernel = "selective_scan",
                   .what = fmt::format("128 columns of 16 x{}", rows),
                   .macs = static_cast<double>(rows * kColumns * kStateSize) * 2,
                   .bytes = static_cast<double>(2 * state->size() * sizeof(float)),
                   .footprint = static_cast<double>(2 * state->size() * sizeof(float)),
                   .is_same = SAME_CELL(selective_scan),
                   .run = [=](const Kernels& table) {
                     table.selective_scan({.x = operands->data(),
                                           .raw_steps = operands->data(),
                                           .b = operands->data(),
                                           .c = operands->data(),
                                           .rates = rates->data(),
                                           .skip = operands->data(),
                                           .x_stride = kColumns,
                                           .step_stride = kColumns,
                                           .bc_stride = kStateSize,
                                           .row_count = rows,
                                           .columns = kColumns,
                                           .state_size = kStateSize,
                                           .state = state->data(),
                                           .out = out->data(),
                                           .out_stride = kColumns});
                   }});
}

#undef SAME_CELL

}  // namespace

std::vector<KernelCase> kernel_cases(std::span<const std::byte> memory) {
  Cases cases;
  for (const bool is_cold : {false, true}) {
    for (const PanelFormat& format : kPanelFormats) {
      for (const MatrixShape shape : kMatrices) {
        for (const int64_t rows : kRowCounts) {
          if (!is_cold || rows <= kColdRowsMax) add_panel_gemm(memory, format, shape, rows, is_cold, cases);
        }
      }
    }
    for (const DenseFormat& format : kDenseFormats) {
      for (const int64_t rows : {1, 8, 64}) {
        if (!is_cold || rows <= kColdRowsMax) add_dense_gemm(memory, format, kMatrices[0], rows, is_cold, cases);
      }
    }
    for (const int64_t rows : {1, 4, 8}) {
      if (!is_cold || rows <= kColdRowsMax) add_f8_gemm(memory, kMatrices[0], rows, is_cold, cases);
    }
  }
  for (const PanelFormat& format : kPanelFormats) {
    if (format.is_wide) continue;
    for (const MatrixShape shape : kMatrices) {
      for (const int64_t rows : {16, 64, 256, 512}) {
        add_tile_gemm(memory, format, shape, rows, cases);
        if (format.bits == 4 && format.values == nullptr) add_code_tile_gemm(memory, format, shape, rows, cases);
      }
    }
  }
  for (const DenseFormat& format : kDenseFormats) {
    for (const MatrixShape shape : kMatrices) {
      for (const int64_t rows : {8, 16, 64, 256, 512}) add_dense_tile_gemm(memory, format, shape, rows, cases);
    }
  }
  for (const MatrixShape shape : kMatrices) {
    for (const int64_t rows : {8, 16, 64, 256, 512}) add_f8_tile_gemm(memory, shape, rows, cases);
  }
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    for (const int head_dim : {64, 128}) {
      for (const int positions : {512, 4096}) {
        for (const int queries : {1, 8, 64}) add_attention(memory, type, head_dim, 0, positions, queries, cases);
      }
    }
    for (const int queries : {16, 128}) add_attention(memory, type, 576, 512, 4096, queries, cases);
  }
  for (const int64_t rows : {1, 4, 64}) {
    add_delta_rule(128, 128, rows, false, cases);
    if (rows > 1) add_delta_rule(128, 128, rows, true, cases);
    add_causal_conv(1024, rows, cases);
  }
  for (const int64_t count : {1024, 4096}) add_row_kernels(count, cases);
  for (const bool is_cold : {false, true}) add_ssd(1, 48, is_cold, cases);
  for (const int64_t rows : {4, 8, 16, 64}) add_ssd(rows, 8, false, cases);
  for (const int64_t rows : {1, 64}) add_selective_scan(rows, cases);
  return cases;
}

void fill_with_numbers(std::span<std::byte> memory) {
  // Every second byte is 0x3c to 0x3f: the upper byte of f16 and bf16, and of f32. No subnormals, which cost a hundred
  // times as much as other numbers.
  std::mt19937_64 random(1);
  for (size_t at = 0; at < memory.size(); at += sizeof(uint64_t)) {
    const uint64_t word = (random() & 0x03ff03ff03ff03ffULL) | 0x3c003c003c003c00ULL;
    std::memcpy(memory.data() + at, &word, std::min(sizeof word, memory.size() - at));
  }
}

}  // namespace estoc
