// The state space layer of every ISA level against its definition in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

// Heads of one sequence with random inputs, and where their states are after each row.
struct SsdCase {
  int64_t rows, heads, head_dim, state_size;
  std::vector<float> x, b, c, steps, decays, skip;
  std::vector<double> state;  // [heads][state_size][head_dim], before any row

  // out [rows][heads][head_dim]; `after` gets the states.
  std::vector<double> expected(std::vector<double>& after) const {
    after = state;
    std::vector<double> out(x.size());
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t d = 0; d < head_dim; ++d) {
          const double input = x[static_cast<size_t>((r * heads + h) * head_dim + d)];
          double sum = skip[static_cast<size_t>(h)] * input;
          for (int64_t n = 0; n < state_size; ++n) {
            double& kept = after[static_cast<size_t>((h * state_size + n) * head_dim + d)];
            const auto at = static_cast<size_t>(r * heads + h);
            kept = decays[at] * kept + double{steps[at]} * b[static_cast<size_t>(r * state_size + n)] * input;
            sum += c[static_cast<size_t>(r * state_size + n)] * kept;
          }
          out[static_cast<size_t>((r * heads + h) * head_dim + d)] = sum;
        }
      }
    }
    return out;
  }

  // Rows [first, first + count) of it.
  SsdHeads part(int64_t first, int64_t count, std::vector<float>& kept, std::vector<float>& out) const {
    return {.x = x.data() + first * heads * head_dim,
            .b = b.data() + first * state_size,
            .c = c.data() + first * state_size,
            .steps = steps.data() + first * heads,
            .decays = decays.data() + first * heads,
            .skip = skip.data(),
            .x_stride = heads * head_dim,
            .bc_stride = state_size,
            .step_stride = heads,
            .row_count = count,
            .heads = heads,
            .head_dim = head_dim,
            .state_size = state_size,
            .state = kept.data(),
            .out = out.data() + first * heads * head_dim,
            .out_stride = heads * head_dim};
  }
};

class SsdTest : public IsaTest {
 protected:
  SsdCase make(int64_t rows, int64_t heads, int64_t head_dim, int64_t state_size) {
    SsdCase test{rows, heads, head_dim, state_size, {}, {}, {}, {}, {}, {}, {}};
    test.x = random(rows * heads * head_dim);
    test.b = random(rows * state_size);
    test.c = random(rows * state_size);
    test.skip = random(heads);
    for (int64_t i = 0; i < rows * heads; ++i) {
      test.steps.push_back(0.01f * static_cast<float>(uniform(1, 100)));
      // From heads that forget nothing to heads that forget everything at once.
      test.decays.push_back(i % heads == 0 ? 1.0f - 1e-3f * static_cast<float>(uniform(0, 9))
                                           : std::exp(-0.1f * static_cast<float>(uniform(0, 900))));
    }
    const auto state = random(heads * state_size * head_dim);
    test.state.assign(state.begin(), state.end());
    return test;
  }

  // In pieces of `piece` rows.
  void check(const SsdCase& test, void (*kernel)(const SsdHeads&) noexcept, int64_t piece) {
    std::vector<double> after;
    const std::vector<double> expected = test.expected(after);
    std::vector<float> state(test.state.begin(), test.state.end());
    std::vector<float> out(expected.size(), std::numeric_limits<float>::quiet_NaN());
    for (int64_t r = 0; r < test.rows; r += piece) kernel(test.part(r, std::min(piece, test.rows - r), state, out));
    const double tolerance = 2e-6 * std::sqrt(static_cast<double>(test.state_size + test.rows)) * 8;
    for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], tolerance) << "output " << i;
    for (size_t i = 0; i < state.size(); ++i) ASSERT_NEAR(state[i], after[i], tolerance) << "state " << i;
  }
};

TEST_P(SsdTest, RowsAndChunksOfAnyShape) {
  for (const int64_t head_dim : {1, 8, 20, 64, 80}) {
    for (const int64_t state_size : {1, 16, 21, 128}) {
      const SsdCase test = make(kSsdChunk + 9, 3, head_dim, state_size);
      check(test, fast().ssd_rows, 1);
      check(test, fast().ssd_rows, 40);
      for (const int64_t piece : {1, 2, 5, 16, 37, 63, 64}) check(test, fast().ssd_chunk, piece);
    }
  }
}

TEST_P(SsdTest, RowsHaveTheSameBitsHoweverTheyAreDivided) {
  const SsdCase test = make(30, 2, 48, 32);
  std::vector<float> first(test.state.begin(), test.state.end()), out_first(test.x.size());
  fast().ssd_rows(test.part(0, 30, first, out_first));
  for (const int64_t piece : {1, 7, 29}) {
    std::vector<float> state(test.state.begin(), test.state.end()), out(test.x.size());
    for (int64_t r = 0; r < 30; r += piece) fast().ssd_rows(test.part(r, std::min(piece, 30 - r), state, out));
    EXPECT_EQ(out, out_first);
    EXPECT_EQ(state, first);
  }
}

// Scores beside those of the rows are memory that nobody has set.
TEST_P(SsdTest, AChunkReadsNothingBeyondItsRows) {
  SsdCase test = make(20, 1, 16, 16);
  const SsdCase alone = test;
  std::fill(test.b.begin() + 5 * 16, test.b.end(), std::numeric_limits<float>::quiet_NaN());
  std::fill(test.x.begin() + 5 * 16, test.x.end(), std::numeric_limits<float>::quiet_NaN());
  std::vector<float> state(test.state.begin(), test.state.end()), expected = state;
  std::vector<float> out(test.x.size()), out_expected = out;
  fast().ssd_chunk(test.part(0, 20, state, out));  // leaves NaN where chunks are prepared
  state = expected;
  fast().ssd_chunk(test.part(0, 5, state, out));
  fast().ssd_chunk(alone.part(0, 5, expected, out_expected));
  EXPECT_EQ(state, expected);
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 5 * 16, out_expected.begin()));
}

TEST_P(SsdTest, Steps) {
  for (const int64_t heads : {1, 5, 8, 16, 24, 48, 50}) {
    auto raw = random(heads, 8.0f), bias = random(heads), rates = random(heads, 4.0f);
    for (float& rate : rates) rate = -std::fabs(rate);
    raw[0] = 300.0f;
    raw[static_cast<size_t>(heads) / 2] = -300.0f;
    for (const float most : {std::numeric_limits<float>::infinity(), 5.0f}) {
      const float least = most == 5.0f ? 0.01f : 0.0f;
      std::vector<float> steps = raw, decays(raw.size());
      fast().ssd_steps({raw.data(), bias.data(), rates.data(), least, most, heads, steps.data(), decays.data()});
      for (size_t h = 0; h < raw.size(); ++h) {
        const double x = double{raw[h]} + bias[h];
        const double softplus = std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
        const double step = std::min<double>(std::max<double>(softplus, least), most);
        ASSERT_NEAR(steps[h], step, 1e-37 + 1e-5 * step) << h;
        ASSERT_NEAR(decays[h], std::exp(step * rates[h]), 1e-37 + 2e-6 + 1e-5 * std::exp(step * rates[h])) << h;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, SsdTest, testing::Values(Isa::scalar, Isa::avx2, Isa::avx512), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
