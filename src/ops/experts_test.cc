// Experts against plain sums in double precision over decoded weights, in every form that products read.
#include "ops/experts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "kernels/kernels.h"

namespace estoc {
namespace {

constexpr int kHidden = 128, kWidth = 96, kExperts = 6, kChosen = 2;

struct Stored {
  std::vector<std::byte> bytes;
  WeightTensor tensor;
};

struct Case {
  const QuantFormat* format = &f32;
  bool has_gate = true, has_bias = false, is_stacked = true;
  ExpertActivation activation;
  int width = kWidth;
};

// The weights of a layer and what they are made of.
class Layer {
 public:
  Layer(const Case& c, ComputeMode mode, const Compute& compute)
      : case_(c),
        gate_(store(int64_t{kExperts} * c.width, kHidden)),
        up_(store(int64_t{kExperts} * c.width, kHidden)),
        down_(store(int64_t{kExperts} * kHidden, c.width)),
        weights({.up = matrix(up_, mode, compute), .down = matrix(down_, mode, compute), .activation = c.activation}) {
    if (c.has_gate) weights.gate = matrix(gate_, mode, compute);
    if (!c.has_bias) return;
    if (c.has_gate) weights.gate_bias = bias(c.width);
    weights.up_bias = bias(c.width);
    weights.down_bias = bias(kHidden);
  }

  std::vector<double> expert(int expert, const float* x) const {
    const auto product = [&](const Stored& matrix, const std::vector<float>& bias, const std::vector<double>& input) {
      const int64_t rows = matrix.tensor.rows() / kExperts;
      std::vector<double> out;
      std::vector<float> row(input.size());
      for (int64_t n = 0; n < rows; ++n) {
        matrix.tensor.decode_row(expert * rows + n, row.data());
        double sum = bias.empty() ? 0 : static_cast<double>(bias[static_cast<size_t>(expert * rows + n)]);
        for (size_t k = 0; k < input.size(); ++k) sum += static_cast<double>(row[k]) * input[k];
        out.push_back(sum);
      }
      return out;
    };
    const std::vector<double> input(x, x + kHidden);
    std::vector<double> middle = product(up_, weights.up_bias, input);
    const auto silu = [](double v, double slope) { return v / (1 + std::exp(-slope * v)); };
    if (!case_.has_gate) {
      for (double& value : middle) value = std::max(value, 0.0) * std::max(value, 0.0);
    } else {
      const std::vector<double> gate = product(gate_, weights.gate_bias, input);
      const auto limit = static_cast<double>(case_.activation.limit);
      for (size_t i = 0; i < middle.size(); ++i) {
        middle[i] = limit == 0 ? middle[i] * silu(gate[i], 1)
                               : (std::clamp(middle[i], -limit, limit) + 1) *
                                     silu(std::min(gate[i], limit), static_cast<double>(case_.activation.slope));
      }
    }
    return product(down_, weights.down_bias, middle);
  }

 private:
  Stored store(int64_t rows, int64_t columns) {
    Stored stored;
    std::normal_distribution<float> draw(0, 1 / std::sqrt(static_cast<float>(columns)));
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (float& value : values) value = draw(random_);
    stored.bytes.resize(static_cast<size_t>(case_.format->row_bytes(rows * columns)));
    case_.format->encode(values.data(), stored.bytes.data(), rows * columns);
    stored.tensor.format = case_.format;
    stored.tensor.shape = {kExperts, rows / kExperts, columns};
    stored.tensor.bytes = stored.bytes;
    return stored;
  }
  ExpertMatrix matrix(const Stored& stored, ComputeMode mode, const Compute& compute) const {
    std::vector<Weight> weights;
    const MatrixView all(stored.tensor);
    if (case_.is_stacked) return {{Weight(all, mode, compute)}, kExperts};
    const int64_t rows = all.rows() / kExperts;
    for (int e = 0; e < kExperts; ++e) weights.emplace_back(all.slice_rows(e * rows, rows), mode, compute);
    return {std::move(weights), kExperts};
  }
  std::vector<float> bias(int64_t rows) {
    std::normal_distribution<float> draw(0, 0.5f);
    std::vector<float> values(static_cast<size_t>(rows * kExperts));
    for (float& value : values) value = draw(random_);
    return values;
  }

  const Case case_;
  std::mt19937 random_{7};
  Stored gate_, up_, down_;

 public:
  ExpertWeights weights;
};

// Row r goes to an expert that many rows go to, if `is_uneven`, and to one of the others.
Routes make_routes(int64_t rows, bool is_uneven) {
  Routes routes(rows, kChosen);
  routes.reset(rows, kChosen);
  for (int64_t r = 0; r < rows; ++r) {
    const auto first = static_cast<int32_t>(is_uneven ? 4 : r % kExperts);
    routes.experts(r)[0] = first;
    routes.experts(r)[1] = static_cast<int32_t>((first + 1 + r % (kExperts - 1)) % kExperts);
    routes.weights(r)[0] = 0.25f + 0.01f * static_cast<float>(r % 50);
    routes.weights(r)[1] = -0.5f;
  }
  return routes;
}

void fill(Rows& x, int64_t rows) {
  x.reset(rows);
  for (int64_t i = 0; i < rows * kHidden; ++i) x.row(i / kHidden)[i % kHidden] = std::sin(0.7f * static_cast<float>(i));
}

ExpertScratch scratch_for(const Compute& compute, int64_t rows, int width) {
  return ExpertScratch({.rows = rows,
                        .experts = kExperts,
                        .chosen = kChosen,
                        .hidden = kHidden,
                        .width = width,
                        .threads = compute.team.thread_count()});
}

double error_of(const Layer& layer, const Rows& x, const Routes& routes, const Rows& out, double before) {
  double difference = 0, size = 0;
  for (int64_t r = 0; r < x.count(); ++r) {
    std::vector<double> expected(kHidden, before);
    for (int i = 0; i < kChosen; ++i) {
      const auto at = static_cast<size_t>(i);
      const std::vector<double> one = layer.expert(routes.experts(r)[at], x.row(r));
      for (size_t n = 0; n < one.size(); ++n) expected[n] += static_cast<double>(routes.weights(r)[at]) * one[n];
    }
    for (size_t n = 0; n < expected.size(); ++n) {
      difference += std::pow(static_cast<double>(out.row(r)[n]) - expected[n], 2);
      size += expected[n] * expected[n];
    }
  }
  return std::sqrt(difference / size);
}

TEST(Experts, EveryFormatModeAndLevel) {
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    const auto isa = static_cast<kernels::Isa>(level);
    if (!kernels::is_supported(isa)) continue;
    ThreadTeam team(3);
    for (const QuantFormat* format : {&f32, &bf16, find_format("q4_0"), find_format("q8_0"), find_format("mxfp4")}) {
      for (const auto& [mode, is_wide, error_max] : {std::tuple{ComputeMode::exact, false, 1e-6},
                                                     {ComputeMode::fast, false, 0.03},
                                                     {ComputeMode::fast, true, 0.015}}) {
        const Compute compute{team, kernels::table_of(isa), is_wide};
        const Layer layer({.format = format}, mode, compute);
        ExpertScratch work = scratch_for(compute, 140, kWidth);
        const DecodeScratch decoded(3, kHidden);
        for (const auto& [rows, is_uneven] : {std::pair{1, false}, {5, false}, {40, true}, {140, true}}) {
          Rows x(140, kHidden), out(140, kHidden);
          fill(x, rows);
          const Routes routes = make_routes(rows, is_uneven);
          run_experts(compute, layer.weights, x, routes, work, decoded, out, false);
          SCOPED_TRACE(std::string(format->name) + " " + kernels::isa_name(isa));
          EXPECT_LT(error_of(layer, x, routes, out, 0), error_max) << rows << " rows, mode " << int(mode) << is_wide;
        }
      }
    }
  }
}

TEST(Experts, BiasesActivationsAndSeparateWeights) {
  ThreadTeam team(2);
  const Compute compute{team, kernels::table()};
  const ExpertActivation clamped{.slope = 1.702f, .limit = 0.75f}, squared{.function = Activation::relu_squared};
  for (const Case& c : {Case{.has_bias = true}, Case{.has_bias = true, .activation = clamped},
                        Case{.has_gate = false, .has_bias = true, .activation = squared},
                        Case{.has_bias = true, .is_stacked = false, .width = 40}}) {
    const Layer layer(c, ComputeMode::exact, compute);
    ExpertScratch work = scratch_for(compute, 33, c.width);
    const DecodeScratch decoded(2, kHidden);
    for (const int rows : {33, 2}) {
      Rows x(33, kHidden), out(33, kHidden);
      fill(x, rows);
      out.reset(rows);
      for (int64_t r = 0; r < rows; ++r) std::fill_n(out.row(r), kHidden, 3.0f);
      const Routes routes = make_routes(rows, rows > 2);
      run_experts(compute, layer.weights, x, routes, work, decoded, out, true);
      EXPECT_LT(error_of(layer, x, routes, out, 3), 2e-6);
    }
  }
}

// With is_deterministic a row's bits are those it has alone, whatever other rows there are and on how many threads.
TEST(Experts, DeterministicRowsDoNotDependOnTheBatch) {
  for (const char* format : {"q4_0", "q8_0", "f32"}) {
    std::vector<float> expected;
    for (const int threads : {1, 4}) {
      ThreadTeam team(threads);
      const Compute compute{
          .team = team, .kernels = kernels::table(), .has_wide_activations = false, .is_deterministic = true};
      const Layer layer({.format = find_format(format)}, ComputeMode::fast, compute);
      ExpertScratch work = scratch_for(compute, 80, kWidth);
      const DecodeScratch decoded(threads, kHidden);
      for (const int64_t rows : {1, 3, 17, 80}) {
        Rows x(80, kHidden), out(80, kHidden);
        fill(x, rows);
        const Routes routes = make_routes(rows, true);
        run_experts(compute, layer.weights, x, routes, work, decoded, out, false);
        const std::vector<float> first(out.row(0), out.row(0) + kHidden);
        if (expected.empty()) expected = first;
        EXPECT_EQ(first, expected) << format << ", " << rows << " rows on " << threads << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace estoc
