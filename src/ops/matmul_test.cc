#include "ops/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace estoc {
namespace {

struct Stored {
  std::vector<std::byte> bytes;
  WeightTensor tensor;
};

Stored store(const QuantFormat& format, int64_t rows, int64_t columns, std::mt19937& rng) {
  Stored result;
  const int64_t stride = format.row_bytes(columns);
  result.bytes.resize(static_cast<size_t>(rows * stride));
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> row(static_cast<size_t>(columns));
  for (int64_t r = 0; r < rows; ++r) {
    for (float& value : row) value = normal(rng);
    format.encode(row.data(), result.bytes.data() + r * stride, columns);
  }
  result.tensor.format = &format;
  result.tensor.shape = {rows, columns};
  result.tensor.bytes = result.bytes;
  return result;
}

// The specification: decoded weights times the same activations in double precision.
std::vector<float> reference(const WeightTensor& w, const Rows& x) {
  std::vector<float> row(static_cast<size_t>(w.columns())), out(static_cast<size_t>(x.count() * w.rows()));
  for (int64_t n = 0; n < w.rows(); ++n) {
    w.decode_row(n, row.data());
    for (int64_t r = 0; r < x.count(); ++r) {
      double sum = 0;
      for (int64_t k = 0; k < w.columns(); ++k) sum += static_cast<double>(row[static_cast<size_t>(k)]) * x.row(r)[k];
      out[static_cast<size_t>(r * w.rows() + n)] = static_cast<float>(sum);
    }
  }
  return out;
}

double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference += (got[i] - expected[i]) * static_cast<double>(got[i] - expected[i]);
    size += static_cast<double>(expected[i]) * expected[i];
  }
  return std::sqrt(difference / size);
}

TEST(Matmul, EveryFormatInBothModesAndEveryIsa) {
  std::mt19937 rng(3);
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    const auto isa = static_cast<kernels::Isa>(level);
    if (!kernels::is_supported(isa)) continue;
    ThreadTeam team(3);
    for (const QuantFormat* format : formats()) {
      if (format->encode == nullptr) continue;
      const int64_t columns = 768, weight_rows = 50;
      const Stored stored = store(*format, weight_rows, columns, rng);
      // int8 activations carry about 0.6 % of noise, code tiles 1.1 %, wide ones 0.003 %; bf16 dot products about 0.3
      // %.
      const double narrow_error = 0.013, wide_error = kernels::table_of(isa).has_bf16_dot ? 0.01 : 1e-4;
      for (const auto& [mode, is_wide, error_max] : {std::tuple{ComputeMode::exact, false, 1e-6},
                                                     {ComputeMode::fast, false, narrow_error},
                                                     {ComputeMode::fast, true, wide_error}}) {
        const Compute compute{team, kernels::table_of(isa), is_wide};
        const Weight weight(MatrixView(stored.tensor), mode, compute);
        const DecodeScratch scratch(3, columns);
        for (const int64_t rows : {1, 5, 33}) {
          Rows x(33, columns);
          x.reset(rows);
          std::normal_distribution<float> normal(0.0f, 1.0f);
          for (int64_t i = 0; i < rows * columns; ++i) x.row(i / columns)[i % columns] = normal(rng);
          std::vector<float> out(static_cast<size_t>(rows * weight_rows));
          const Product product{&weight, {out.data(), weight_rows}};
          matmul(compute, x, {&product, 1}, scratch);
          SCOPED_TRACE(std::string(format->name) + " " + kernels::isa_name(isa));
          EXPECT_LT(relative_error(out, reference(stored.tensor, x)), error_max);
        }
      }
    }
  }
}

// FP8 whose scales change in each way that they can: views of it in both modes at every level, few rows and many.
TEST(Matmul, ScalesOfFp8GoWithRowsAndColumns) {
  constexpr int64_t kRows = 96, kColumns = 320;
  std::mt19937 rng(7);
  ThreadTeam team(2);
  struct Geometry {
    int64_t block_rows, block_columns;
  };
  for (const auto& [block_rows, block_columns] :
       {Geometry{kRows, kColumns}, {1, kColumns}, {32, 64}, {32, 128}, {48, 32}, {8, 128}, {16, 16}}) {
    Stored stored = store(*find_format("f8_e4m3"), kRows, kColumns, rng);
    const int64_t across = (kColumns + block_columns - 1) / block_columns, down = (kRows + block_rows - 1) / block_rows;
    std::vector<float> scales;
    for (int64_t i = 0; i < down * across; ++i) scales.push_back(0.5f + static_cast<float>(i % 7));
    stored.tensor.scales = {.format = &f32,
                            .bytes = std::as_bytes(std::span(scales)),
                            .block_rows = block_rows,
                            .block_columns = block_columns,
                            .columns = across};
    const MatrixView all(stored.tensor);
    const std::pair<const char*, MatrixView> views[] = {{"all", all},
                                                        {"rows", all.slice_rows(24, 50)},
                                                        {"columns", all.slice_columns(64, 192)},
                                                        {"odd columns", all.slice_columns(32, 96)},
                                                        {"runs", all.pick_rows(0, 32, RowMap::groups(16, 48))},
                                                        {"order", all.pick_rows(1, 40, RowMap::groups(1, 2))},
                                                        {"turned", all.transposed()},
                                                        {"turned in pieces", all.transposed(3)}};
    for (const auto& [name, view] : views) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(block_rows) + " x " + std::to_string(block_columns));
      for (int level = 0; level < kernels::kIsaCount; ++level) {
        const auto isa = static_cast<kernels::Isa>(level);
        if (!kernels::is_supported(isa)) continue;
        for (const ComputeMode mode : {ComputeMode::exact, ComputeMode::fast}) {
          const Compute compute{team, kernels::table_of(isa)};
          const Weight weight(view, mode, compute);
          const bool is_read = view.scale_columns() % 32 == 0 || view.scale_columns() == view.columns();
          EXPECT_EQ(weight.form() == Weight::Form::dense, mode == ComputeMode::fast && is_read);
          const DecodeScratch scratch(2, view.columns());
          for (const int64_t rows : {1, 3, 33}) {
            Rows x(33, view.columns());
            x.reset(rows);
            std::normal_distribution<float> normal(0.0f, 1.0f);
            for (int64_t i = 0; i < rows * view.columns(); ++i) {
              x.row(i / view.columns())[i % view.columns()] = normal(rng);
            }
            std::vector<float> out(static_cast<size_t>(rows * view.rows())), expected = out;
            std::vector<float> values(static_cast<size_t>(view.columns()));
            for (int64_t n = 0; n < view.rows(); ++n) {
              view.decode(n, values.data());
              for (int64_t r = 0; r < rows; ++r) {
                double sum = 0;
                for (size_t k = 0; k < values.size(); ++k) sum += static_cast<double>(values[k]) * x.row(r)[k];
                expected[static_cast<size_t>(r * view.rows() + n)] = static_cast<float>(sum);
              }
            }
            const Product product{&weight, {out.data(), view.rows()}};
            matmul(compute, x, {&product, 1}, scratch);
            const bool is_rounded = mode == ComputeMode::fast && compute.kernels.has_bf16_dot;
            EXPECT_LT(relative_error(out, expected), is_rounded ? 0.01 : 2e-6) << kernels::isa_name(isa);
          }
        }
      }
    }
  }
}

TEST(Matmul, JointProductsEqualSingleOnes) {
  std::mt19937 rng(5);
  ThreadTeam team(2);
  const Compute compute{team, kernels::table()};
  const Stored a = store(*find_format("q4_0"), 40, 96, rng), b = store(f32, 7, 96, rng);
  const Weight first(MatrixView(a.tensor), ComputeMode::fast, compute),
      second(MatrixView(b.tensor), ComputeMode::fast, compute);
  Rows x(6, 96);
  x.reset(6);
  for (int64_t i = 0; i < 6 * 96; ++i) x.row(i / 96)[i % 96] = std::sin(static_cast<float>(i));
  const DecodeScratch scratch(2, 96);
  std::vector<float> joint(6 * 47), single_a(6 * 40), single_b(6 * 7);
  const Product both[] = {{&first, {joint.data(), 47}}, {&second, {joint.data() + 40, 47}}};
  matmul(compute, x, both, scratch);
  const Product only_a{&first, {single_a.data(), 40}}, only_b{&second, {single_b.data(), 7}};
  matmul(compute, x, {&only_a, 1}, scratch);
  matmul(compute, x, {&only_b, 1}, scratch);
  for (size_t r = 0; r < 6; ++r) {
    for (size_t n = 0; n < 47; ++n) {
      EXPECT_EQ(joint[r * 47 + n], n < 40 ? single_a[r * 40 + n] : single_b[r * 7 + n - 40]);
    }
  }
}

}  // namespace
}  // namespace estoc
