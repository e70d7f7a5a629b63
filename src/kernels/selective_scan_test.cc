// Mamba's selective scan of every ISA level against its definition in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

// Columns of one sequence with random inputs; states and rates in the kernel's blocks.
struct ScanCase {
  int64_t rows, columns, state_size;
  std::vector<float> x, raw, b, c, rates, skip, state;

  size_t place(int64_t n, int64_t column) const {
    return static_cast<size_t>((column / kScanBlock * state_size + n) * kScanBlock + column % kScanBlock);
  }

  // out [rows][columns]; `after` gets the states, in blocks.
  std::vector<double> expected(std::vector<double>& after) const {
    after.assign(state.begin(), state.end());
    std::vector<double> out;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < columns; ++i) {
        const auto at = static_cast<size_t>(r * columns + i);
        const double step = std::max(raw[at], 0.0f) + std::log1p(std::exp(-std::fabs(double{raw[at]})));
        double sum = double{skip[static_cast<size_t>(i)]} * x[at];
        for (int64_t n = 0; n < state_size; ++n) {
          const auto shared = static_cast<size_t>(r * state_size + n);
          double& kept = after[place(n, i)];
          kept = std::exp(step * rates[place(n, i)]) * kept + step * b[shared] * x[at];
          sum += c[shared] * kept;
        }
        out.push_back(sum);
      }
    }
    return out;
  }

  // Rows [first, first + count) of it.
  SelectiveScan part(int64_t first, int64_t count, std::vector<float>& kept, std::vector<float>& out) const {
    return {.x = x.data() + first * columns,
            .raw_steps = raw.data() + first * columns,
            .b = b.data() + first * state_size,
            .c = c.data() + first * state_size,
            .rates = rates.data(),
            .skip = skip.data(),
            .x_stride = columns,
            .step_stride = columns,
            .bc_stride = state_size,
            .row_count = count,
            .columns = columns,
            .state_size = state_size,
            .state = kept.data(),
            .out = out.data() + first * columns,
            .out_stride = columns};
  }
};

class SelectiveScanTest : public IsaTest {
 protected:
  ScanCase make(int64_t rows, int64_t columns, int64_t state_size) {
    ScanCase test{rows, columns, state_size, {}, {}, {}, {}, {}, {}, {}};
    test.x = random(rows * columns);
    test.raw = random(rows * columns, 4.0f);
    test.raw[0] = 60.0f;  // all is forgotten
    test.raw.back() = -60.0f;
    test.b = random(rows * state_size);
    test.c = random(rows * state_size);
    test.skip = random(columns);
    test.rates = random(scan_floats(columns, state_size), 2.0f);
    for (float& rate : test.rates) rate = -std::fabs(rate);
    test.state = random(scan_floats(columns, state_size));
    return test;
  }
};

TEST_P(SelectiveScanTest, IsItsDefinition) {
  for (const int64_t columns : {1, 8, 16, 20, 40, 64}) {
    for (const int64_t state_size : {1, 5, 16}) {
      SCOPED_TRACE(std::to_string(columns) + " x " + std::to_string(state_size));
      const ScanCase test = make(21, columns, state_size);
      std::vector<double> after;
      const std::vector<double> expected = test.expected(after);
      std::vector<float> state = test.state, out(expected.size(), std::numeric_limits<float>::quiet_NaN());
      fast().selective_scan(test.part(0, 21, state, out));
      for (size_t i = 0; i < out.size(); ++i) {
        ASSERT_NEAR(out[i], expected[i], 2e-5 + 2e-5 * std::fabs(expected[i])) << "output " << i;
      }
      for (int64_t i = 0; i < columns; ++i) {
        for (int64_t n = 0; n < state_size; ++n) {
          const size_t at = test.place(n, i);
          ASSERT_NEAR(state[at], after[at], 1e-5 + 1e-5 * std::fabs(after[at])) << "state " << n << " of " << i;
        }
      }
    }
  }
}

TEST_P(SelectiveScanTest, HasTheSameBitsHoweverRowsAndColumnsAreDivided) {
  const ScanCase test = make(30, 40, 16);
  std::vector<float> first = test.state, out_first(test.x.size());
  fast().selective_scan(test.part(0, 30, first, out_first));
  for (const int64_t piece : {1, 7, 29}) {
    std::vector<float> state = test.state, out(test.x.size());
    for (int64_t r = 0; r < 30; r += piece) {
      SelectiveScan scan = test.part(r, std::min(piece, 30 - r), state, out);
      scan.columns = kScanBlock;
      fast().selective_scan(scan);
      scan.x += kScanBlock, scan.raw_steps += kScanBlock, scan.skip += kScanBlock, scan.out += kScanBlock;
      scan.rates += kScanBlock * 16, scan.state += kScanBlock * 16;
      scan.columns = 40 - kScanBlock;
      fast().selective_scan(scan);
    }
    EXPECT_EQ(out, out_first);
    EXPECT_EQ(state, first);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, SelectiveScanTest, testing::Values(Isa::scalar, Isa::avx2, Isa::avx512), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
