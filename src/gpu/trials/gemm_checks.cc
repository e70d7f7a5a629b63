#include <cstring>

#include "gpu/source/token_norm.h"
#include "gpu/trials/prompt_checks.h"

namespace estoc::gpu {
namespace {

double product(const std::vector<uint8_t>& weights, const std::vector<uint16_t>& x, const GemmCase& c, int row,
               int token) {
  double sum = 0;
  for (int k = 0; k < c.columns; ++k) {
    sum +=
        matrix_value(weights, c.form, c.columns, row, k) * bf16_to_f32(x[static_cast<size_t>(token) * c.columns + k]);
  }
  return sum;
}

std::string name_of(const GemmCase& c) {
  constexpr const char* kEnds[] = {"store", "residual", "gated"};
  return std::string(c.is_mma ? "gemm_mma_" : "gemm_") + form_name(c.form) + "_" + kEnds[static_cast<int>(c.end)] +
         "_n" + std::to_string(c.tokens);
}

}  // namespace

std::vector<uint8_t> to_token_tiles(const std::vector<uint16_t>& rows, int count, int columns, int padded,
                                    ColumnOrder order) {
  std::vector<uint8_t> tiles(token_matrix_bytes(padded, columns));
  for (int token = 0; token < count; ++token) {
    for (int pair = 0; pair < columns / 2; ++pair) {
      std::memcpy(tiles.data() + token_pair_offset(order, token, pair, columns / kTokenTile),
                  &rows[static_cast<size_t>(token) * columns + pair * 2], 4);
    }
  }
  return tiles;
}

double token_tile_value(const std::vector<uint8_t>& tiles, int columns, ColumnOrder order, int token, int column) {
  uint16_t bits;
  std::memcpy(&bits, tiles.data() + token_pair_offset(order, token, column / 2, columns / kTokenTile) + column % 2 * 2,
              2);
  return bf16_to_f32(bits);
}

Check check_gemm(const Device& device, const Module& module, const GemmCase& c, Random& random) {
  const auto matrix = draw_matrix(random, c.form, c.rows, c.columns);
  const auto x = draw_bf16(random, static_cast<size_t>(c.count) * c.columns);
  const auto residual = draw_floats(random, static_cast<size_t>(c.count) * c.rows);
  const auto bias = draw_floats(random, c.rows);
  const bool has_bias = c.end == GemmEndKind::store && c.count % 2 == 0;
  const ColumnOrder order = gemm_order(c.form);
  const int padded = gemm_token_tiles(c.count, c.tokens) * c.tokens;
  Buffer weights = Buffer::of(device, matrix),
         inputs = Buffer::of(device, to_token_tiles(x, c.count, c.columns, padded, order)),
         output = Buffer::of(device, residual), biases = Buffer::of(device, bias);
  Buffer activated(device, token_matrix_bytes(c.count, c.rows / 2 / kTokenTile > 0 ? c.rows / 2 : kTokenTile));
  Buffer partial(device, gemm_partial_floats(c.rows, c.count, c.tokens, c.splits) * 4);
  Buffer arrivals(device, static_cast<size_t>(gemm_arrivals(c.rows, c.count, c.tokens)) * 4);
  if (c.end != GemmEndKind::residual) output.fill(kPoison);
  activated.fill(kPoisonBf16);
  arrivals.fill(0);
  GemmArguments a{};
  a.weights = weights.as<u8>();
  a.inputs = inputs.as<u8>();
  a.bias = has_bias ? biases.as<float>() : nullptr;
  a.output = output.as<float>();
  a.output_stride = c.rows;
  a.activated = activated.as<u8>();
  a.order = order;
  a.rows = c.rows;
  a.columns = c.columns;
  a.count = c.count;
  a.splits = c.splits;
  a.partial = partial.as<float>();
  a.arrivals = arrivals.as<u32>();
  const std::string name = name_of(c);
  launch(device, module.function(name),
         {.blocks = c.blocks,
          .threads = kGemmThreads,
          .shared_bytes = c.is_mma ? 0 : gemm_shared_bytes(c.form, c.tokens, device.capability),
          .cluster = c.cluster},
         a);
  const auto out = output.values<float>();
  const auto tiles = activated.values<uint8_t>();
  const int outputs = c.end == GemmEndKind::gated ? c.rows / 2 : c.rows;
  ErrorSum error;
  const auto compare = [&](int token, int row) {
    if (c.end == GemmEndKind::gated) {
      const int gate_row = row / 8 * 16 + row % 8;
      const double gate = product(matrix, x, c, gate_row, token), up = product(matrix, x, c, gate_row + 8, token);
      error.add(token_tile_value(tiles, outputs, order, token, row), gate / (1 + std::exp(-gate)) * up);
    } else {
      const size_t at = static_cast<size_t>(token) * c.rows + row;
      const double before = c.end == GemmEndKind::residual ? residual[at] : has_bias ? bias[row] : 0;
      error.add(out[at], product(matrix, x, c, row, token) + before);
    }
  };
  for (int i = 0; c.sample == 0 && i < c.count * outputs; ++i) compare(i / outputs, i % outputs);
  for (int i = 0; i < c.sample; ++i)
    compare(i == 0 ? c.count - 1 : random() % c.count, i == 0 ? outputs - 1 : random() % outputs);
  double relative = error.relative();
  for (const uint32_t left : arrivals.values<uint32_t>()) relative += left;  // counters are to be left at zero
  // codes are rounded to bf16 once they have met their scale
  // an f16 weight is two products: twice as many sums are rounded
  const double plain = c.form == WeightForm::f16 ? 1e-5 : 5e-6;
  const double limit = c.end == GemmEndKind::gated ? 4e-3 : is_plain(c.form) ? plain : 3e-3;
  return {name + " " + std::to_string(c.rows) + " x " + std::to_string(c.columns) + ", " + std::to_string(c.count) +
              " tokens, " + std::to_string(c.splits) + " splits, " + std::to_string(c.blocks) +
              " blocks, clusters of " + std::to_string(c.cluster),
          relative, limit};
}

Check check_token_norm(const Device& device, const Module& module, int rows, int columns, ColumnOrder order,
                       Random& random) {
  const auto input = draw_floats(random, static_cast<size_t>(rows) * columns), weight = draw_floats(random, columns);
  Buffer x = Buffer::of(device, input), w = Buffer::of(device, weight), y(device, token_matrix_bytes(rows, columns));
  y.fill(kPoisonBf16);
  std::vector<int> picks(static_cast<size_t>(rows));  // from the last on, or none
  for (int r = 0; r < rows; ++r) picks[static_cast<size_t>(r)] = rows - 1 - r;
  const bool has_picks = rows % 2 == 1;
  Buffer picked = Buffer::of(device, picks);
  const TokenNormArguments arguments{
      x.as<float>(), has_picks ? picked.as<int>() : nullptr, w.as<float>(), y.as<u8>(), order, columns, 1e-5f};
  launch(device, module.function("rms_norm_tiles"), {.blocks = rows, .threads = token_norm_threads(columns)},
         arguments);
  const auto output = y.values<uint8_t>();
  ErrorSum error;
  for (int r = 0; r < rows; ++r) {
    const float* const from = &input[static_cast<size_t>(has_picks ? rows - 1 - r : r) * columns];
    double sum = 0;
    for (int i = 0; i < columns; ++i) sum += static_cast<double>(from[i]) * from[i];
    const double factor = 1 / std::sqrt(sum / columns + 1e-5);
    for (int i = 0; i < columns; ++i) {
      error.add(token_tile_value(output, columns, order, r, i), from[i] * factor * weight[i]);
    }
  }
  return {"rms_norm_tiles " + std::to_string(rows) + " x " + std::to_string(columns), error.relative(), 3e-3};
}

}  // namespace estoc::gpu
