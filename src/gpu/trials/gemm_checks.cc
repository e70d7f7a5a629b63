#include <algorithm>
#include <cstring>

#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/trial.h"

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

namespace {

class GemmTrial {
 public:
  GemmTrial(const Device& device, const Module& module, const GemmCase& c, Random& random, int copies);
  void launch(int turn);
  Check check();

 private:
  int outputs() const { return c_.end == GemmEndKind::gated ? c_.rows / 2 : c_.rows; }
  // Adds to `error` how far an output is off.
  void compare(int token, int row, const std::vector<float>& out, const std::vector<uint8_t>& tiles, ErrorSum& error);

  const Device& device_;
  const GemmCase c_;
  Random& random_;
  const Handle kernel_;
  const std::vector<uint8_t> matrix_;
  const std::vector<uint16_t> x_;
  const std::vector<float> before_, bias_;  // what the residual was
  const ColumnOrder order_;
  Copies weights_;
  Buffer inputs_, output_, biases_, activated_, partial_, arrivals_;
};

GemmTrial::GemmTrial(const Device& device, const Module& module, const GemmCase& c, Random& random, int copies)
    : device_(device),
      c_(c),
      random_(random),
      kernel_(module.function(name_of(c))),
      matrix_(draw_matrix(random, c.form, c.rows, c.columns)),
      x_(draw_bf16(random, static_cast<size_t>(c.count) * c.columns)),
      before_(draw_floats(random, static_cast<size_t>(c.count) * c.rows)),
      bias_(draw_floats(random, c.rows)),
      order_(gemm_order(c.form)),
      weights_(device, matrix_, copies),
      inputs_(Buffer::of(
          device, to_token_tiles(x_, c.count, c.columns, gemm_token_tiles(c.count, c.tokens) * c.tokens, order_))),
      output_(Buffer::of(device, before_)),
      biases_(Buffer::of(device, bias_)),
      activated_(device, token_matrix_bytes(c.count, std::max(c.rows / 2, kTokenTile))),
      partial_(device, c.splits > 1 ? gemm_partial_floats(c.rows, c.count, c.tokens, c.splits) * 4 : 4),
      arrivals_(device, static_cast<size_t>(gemm_arrivals(c.rows, c.count, c.tokens)) * 4) {
  arrivals_.fill(0);
}

void GemmTrial::launch(int turn) {
  GemmArguments a{};
  a.weights = weights_.at(turn);
  a.inputs = inputs_.as<u8>();
  a.bias = c_.has_bias ? biases_.as<float>() : nullptr;
  a.output = output_.as<float>();
  a.output_stride = c_.rows;
  a.activated = activated_.as<u8>();
  a.order = order_;
  a.gate = c_.is_gelu ? kGeluTanh : kSilu;
  a.rows = c_.rows;
  a.columns = c_.columns;
  a.count = c_.count;
  a.splits = c_.splits;
  a.partial = partial_.as<float>();
  a.arrivals = arrivals_.as<u32>();
  gpu::launch(device_, kernel_,
              {.blocks = c_.blocks,
               .threads = kGemmThreads,
               .shared_bytes = c_.is_mma ? 0 : gemm_shared_bytes(c_.form, c_.tokens, device_.capability),
               .cluster = c_.cluster},
              a);
}

void GemmTrial::compare(int token, int row, const std::vector<float>& out, const std::vector<uint8_t>& tiles,
                        ErrorSum& error) {
  if (c_.end == GemmEndKind::gated) {
    const int gate_row = row / 8 * 16 + row % 8;
    const double gate = product(matrix_, x_, c_, gate_row, token), up = product(matrix_, x_, c_, gate_row + 8, token);
    error.add(token_tile_value(tiles, outputs(), order_, token, row), gate_value(gate, c_.is_gelu) * up);
  } else {
    const size_t at = static_cast<size_t>(token) * c_.rows + row;
    const double before = (c_.end == GemmEndKind::residual ? before_[at] : 0) + (c_.has_bias ? bias_[row] : 0);
    error.add(out[at], product(matrix_, x_, c_, row, token) + before);
  }
}

Check GemmTrial::check() {
  if (c_.end != GemmEndKind::residual) output_.fill(kPoison);
  activated_.fill(kPoisonBf16);
  launch(0);
  const auto out = output_.values<float>();
  const auto tiles = activated_.values<uint8_t>();
  ErrorSum error;
  for (int i = 0; c_.sample == 0 && i < c_.count * outputs(); ++i) {
    compare(i / outputs(), i % outputs(), out, tiles, error);
  }
  for (int i = 0; i < c_.sample; ++i) {
    compare(i == 0 ? c_.count - 1 : static_cast<int>(random_() % c_.count),
            i == 0 ? outputs() - 1 : static_cast<int>(random_() % outputs()), out, tiles, error);
  }
  double relative = error.relative();
  for (const uint32_t left : arrivals_.values<uint32_t>()) relative += left;  // counters are to be left at zero
  // codes are rounded to bf16 once they have met their scale
  // an f16 weight is two products: twice as many sums are rounded
  const double plain = c_.form == WeightForm::f16 ? 1e-5 : 5e-6;
  const double limit = c_.end == GemmEndKind::gated ? 4e-3 : is_plain(c_.form) ? plain : 3e-3;
  return {name_of(c_) + " " + std::to_string(c_.rows) + " x " + std::to_string(c_.columns) + ", " +
              std::to_string(c_.count) + " tokens, " + std::to_string(c_.splits) + " splits, " +
              std::to_string(c_.blocks) + " blocks, clusters of " + std::to_string(c_.cluster),
          relative, limit};
}

}  // namespace

Trial gemm_trial(const Device& device, const Module& module, const GemmCase& c, Random& random, int copies) {
  const double in = 2.0 * c.count * c.columns, out = (c.end == GemmEndKind::gated ? 1.0 : 4.0) * c.count * c.rows;
  return trial_of(std::make_shared<GemmTrial>(device, module, c, random, copies),
                  {.bytes = static_cast<double>(matrix_bytes(c.form, c.rows, c.columns)) + in + out,
                   .flops = 2.0 * c.rows * c.columns * c.count});
}

Check check_gemm(const Device& device, const Module& module, const GemmCase& c, Random& random) {
  GemmCase biased = c;
  biased.has_bias = c.end == GemmEndKind::store && c.count % 2 == 0;
  return gemm_trial(device, module, biased, random).check();
}

}  // namespace estoc::gpu
