// Products of heads with matrices of their own against plain sums, in every form that products read.
#include "ops/head_products.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "kernels/kernels.h"

namespace estoc {
namespace {

constexpr int kHeads = 3;

struct Stored {
  std::vector<std::byte> bytes;
  WeightTensor tensor;
};

// `rows` rows of every head, of values that the format knows.
Stored store(const QuantFormat& format, int64_t rows, int64_t columns) {
  Stored stored;
  std::mt19937 rng(7);
  std::normal_distribution<float> draw(0, 1 / std::sqrt(static_cast<float>(columns)));
  std::vector<float> values(static_cast<size_t>(kHeads * rows * columns));
  for (float& value : values) value = draw(rng);
  stored.bytes.resize(static_cast<size_t>(format.row_bytes(std::ssize(values))));
  format.encode(values.data(), stored.bytes.data(), std::ssize(values));
  stored.tensor.name = stored.tensor.source_name = "heads";
  stored.tensor.format = &format;
  stored.tensor.shape = {kHeads, rows, columns};
  stored.tensor.bytes = stored.bytes;
  return stored;
}

ExpertMatrix matrix_of(const Stored& stored, ComputeMode mode, const Compute& compute) {
  const MatrixView all(stored.tensor);
  const int64_t rows = all.rows() / kHeads;
  std::vector<Weight> weights;
  if (ExpertMatrix::fills_panels(rows)) {
    weights.emplace_back(all, mode, compute);
  } else {
    for (int head = 0; head < kHeads; ++head) weights.emplace_back(all.slice_rows(head * rows, rows), mode, compute);
  }
  return {std::move(weights), kHeads};
}

// Heads lie 7 columns further apart than they are wide, on both sides; what lies between stays.
void expect_products(const Compute& compute, const QuantFormat& format, ComputeMode mode, int64_t rows, int64_t columns,
                     int64_t count) {
  const Stored stored = store(format, rows, columns);
  const ExpertMatrix matrix = matrix_of(stored, mode, compute);
  const DecodeScratch scratch(compute.team.thread_count(), columns);
  Rows x(count, kHeads * (columns + 7)), out(count, kHeads * (rows + 7)),
      gathered(gathered_rows(count, kHeads), columns);
  std::mt19937 rng(11);
  std::normal_distribution<float> normal;
  x.reset(count);
  out.reset(count);
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t c = 0; c < x.columns(); ++c) x.row(r)[c] = normal(rng);
    std::fill_n(out.row(r), out.columns(), 42.0f);
  }
  multiply_heads(compute, matrix, kHeads, {&x, columns + 7}, gathered, scratch, {&out, rows + 7});
  std::vector<float> weight(static_cast<size_t>(columns));
  const double tolerance = mode == ComputeMode::exact || format.affine == nullptr ? 0.02 : 0.06;
  for (int64_t n = 0; n < kHeads * rows; ++n) {
    stored.tensor.decode_row(n, weight.data());
    const int64_t head = n / rows;
    for (int64_t r = 0; r < count; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < columns; ++c) {
        sum += double{weight[static_cast<size_t>(c)]} * double{x.row(r)[head * (columns + 7) + c]};
      }
      ASSERT_NEAR(out.row(r)[head * (rows + 7) + n % rows], sum, tolerance) << "row " << r << " of " << n;
    }
  }
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t c = 0; c < out.columns(); ++c) {
      if (c % (rows + 7) >= rows) {
        ASSERT_EQ(out.row(r)[c], 42.0f);
      }
    }
  }
}

TEST(HeadProducts, EqualPlainSumsInEveryForm) {
  ThreadTeam team(3);
  for (const char* isa : {"scalar", "avx2", "avx512", "amx"}) {
    kernels::Isa level;
    if (!kernels::parse_isa(isa, &level) || !kernels::is_supported(level)) continue;
    const Compute compute{.team = team, .kernels = kernels::table_of(level)};
    for (const char* format : {"f32", "bf16", "q8_0", "q4_0"}) {
      for (const ComputeMode mode : {ComputeMode::exact, ComputeMode::fast}) {
        for (const int64_t rows : {48, 24}) {
          for (const int64_t count : {1, 5, 16, 37}) {
            SCOPED_TRACE(std::string(isa) + " " + format + " rows " + std::to_string(rows) + " of " +
                         std::to_string(count));
            expect_products(compute, *find_format(format), mode, rows, 64, count);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace estoc
