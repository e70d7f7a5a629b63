#include <algorithm>

#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-5f;
constexpr int kSquareParts = 5;

// Everything a case needs, on the host.
struct Inputs {
  std::vector<uint8_t> weights;
  std::vector<uint16_t> x;
  std::vector<float> squares, bias, residual, next_norm;
};

Inputs draw_inputs(const LinearCase& c, Random& random) {
  Inputs in;
  in.weights = draw_matrix(random, c.form, c.rows, c.columns);
  in.x = draw_bf16(random, static_cast<size_t>(c.count) * c.columns);
  in.squares.resize(static_cast<size_t>(c.count) * kSquareParts);
  for (float& part : in.squares) part = static_cast<float>(c.columns) / kSquareParts * (1 + 0.2f * draw_normal(random));
  in.bias = draw_floats(random, c.rows);
  in.residual = draw_floats(random, static_cast<size_t>(c.count) * c.rows);
  in.next_norm = draw_floats(random, c.rows);
  return in;
}

double product(const Inputs& in, const LinearCase& c, int row, int column) {
  double sum = 0;
  for (int k = 0; k < c.columns; ++k) {
    sum += matrix_value(in.weights, c.form, c.columns, row, k) *
           bf16_to_f32(in.x[static_cast<size_t>(column) * c.columns + k]);
  }
  return sum;
}

double norm(const Inputs& in, const LinearCase& c, int column) {
  double sum = 0;
  for (int i = 0; i < kSquareParts; ++i) sum += in.squares[column * kSquareParts + i];
  return 1 / std::sqrt(sum / c.columns + kEpsilon);
}

std::string name_of(const LinearCase& c) {
  constexpr const char* kEnds[] = {"store", "residual", "gated"};
  return std::string("linear_") + form_name(c.form) + "_" + kEnds[static_cast<int>(c.end)] + "_r" +
         std::to_string(c.tiles) + "_n" + (c.count > 8 ? "16" : "8");
}

int outputs_of(const LinearCase& c) { return c.end == LinearEnd::gated ? c.rows / 2 : c.rows; }

std::vector<int> rows_to_compare(const LinearCase& c, Random& random) {
  const int outputs = outputs_of(c);
  std::vector<int> rows;
  for (int row = 0; c.sample == 0 && row < outputs; ++row) rows.push_back(row);
  for (int i = 0; i < c.sample; ++i) rows.push_back(i == 0 ? outputs - 1 : static_cast<int>(random() % outputs));
  return rows;
}

struct Outputs {
  std::vector<float> output, residual, next_squares;
  std::vector<uint16_t> next_inputs, activated;
};

double compare(const Outputs& out, const Inputs& in, const LinearCase& c, const std::vector<int>& rows) {
  ErrorSum error, rounded;  // what stays f32, and what becomes bf16
  for (int column = 0; column < c.count; ++column) {
    for (const int row : rows) {
      const size_t at = static_cast<size_t>(column) * outputs_of(c) + row;
      if (c.end == LinearEnd::gated) {
        const int gate_row = row / 8 * 16 + row % 8;
        const double gate = product(in, c, gate_row, column) * norm(in, c, column),
                     up = product(in, c, gate_row + 8, column) * norm(in, c, column);
        rounded.add(bf16_to_f32(out.activated[at]), gate_value(gate, c.is_gelu) * up);
        continue;
      }
      const double sum = product(in, c, row, column);
      if (c.end == LinearEnd::store) error.add(out.output[at], sum * norm(in, c, column) + in.bias[row]);
      if (c.end == LinearEnd::residual) {
        const double all = in.residual[at] + in.bias[row] + sum;
        error.add(out.residual[at], all);
        rounded.add(bf16_to_f32(out.next_inputs[at]), all * in.next_norm[row]);
      }
    }
    if (c.end == LinearEnd::residual) {  // the squares of all rows, of the residual as the kernel wrote it
      const size_t blocks = out.next_squares.size() / c.count;
      double parts = 0, squares = 0;
      for (size_t b = 0; b < blocks; ++b) parts += out.next_squares[column * blocks + b];
      for (int r = 0; r < c.rows; ++r) squares += std::pow(out.residual[static_cast<size_t>(column) * c.rows + r], 2);
      error.add(parts, squares);
    }
  }
  const double exact = c.end == LinearEnd::gated ? 0 : error.relative();
  const double bf16 = c.end == LinearEnd::store ? 0 : rounded.relative() * 1e-3;  // so that one limit serves both
  return std::isnan(exact) ? exact : std::isnan(bf16) ? bf16 : std::max(exact, bf16);
}

class LinearTrial {
 public:
  LinearTrial(const Device& device, const Module& module, const LinearCase& c, Random& random, int copies);
  void launch(int turn);
  Check check();

 private:
  const Device& device_;
  const LinearCase c_;
  Random& random_;
  const Handle kernel_;
  const Inputs in_;
  const int blocks_;
  Copies weights_;
  Buffer x_, squares_, bias_, residual_, next_norm_, output_, next_inputs_, activated_, next_squares_;
};

LinearTrial::LinearTrial(const Device& device, const Module& module, const LinearCase& c, Random& random, int copies)
    : device_(device),
      c_(c),
      random_(random),
      kernel_(module.function(name_of(c))),
      in_(draw_inputs(c, random)),
      blocks_((tile_rows_of(c.rows) + c.tiles - 1) / c.tiles),
      weights_(device, in_.weights, copies),
      x_(Buffer::of(device, in_.x)),
      squares_(Buffer::of(device, in_.squares)),
      bias_(Buffer::of(device, in_.bias)),
      residual_(Buffer::of(device, in_.residual)),
      next_norm_(Buffer::of(device, in_.next_norm)),
      output_(device, static_cast<size_t>(c.count) * outputs_of(c) * 4),
      next_inputs_(device, static_cast<size_t>(c.count) * outputs_of(c) * 2),
      activated_(device, static_cast<size_t>(c.count) * outputs_of(c) * 2),
      next_squares_(device, static_cast<size_t>(c.count) * blocks_ * 4) {}

void LinearTrial::launch(int turn) {
  LinearArguments a{};
  a.weights = weights_.at(turn);
  a.inputs = x_.as<u16>();
  a.squares = c_.end == LinearEnd::residual ? nullptr : squares_.as<float>();
  a.square_parts = kSquareParts;
  a.epsilon = kEpsilon;
  a.rows = c_.rows;
  a.columns = c_.columns;
  a.count = c_.count;
  a.bias = bias_.as<float>();
  a.output = output_.as<float>();
  a.output_stride = c_.rows;
  a.residual = residual_.as<float>();
  a.next_norm = next_norm_.as<float>();
  a.next_inputs = next_inputs_.as<u16>();
  a.next_squares = next_squares_.as<float>();
  a.activated = activated_.as<u16>();
  a.gate = c_.is_gelu ? kGeluTanh : kSilu;
  // A launch that is checked asks for weights of its own; one that is timed must not warm the caches.
  if (c_.has_ahead) a.ahead = {weights_.at(turn), static_cast<u32>(in_.weights.size()) / 16 * 16};
  const int threads = std::min(c_.warps * kWarpThreads, linear_threads_of(device_.is_amd()));
  gpu::launch(device_, kernel_, {.blocks = blocks_, .threads = threads}, a);
}

Check LinearTrial::check() {
  output_.fill(kPoison);
  next_squares_.fill(kPoison);
  next_inputs_.fill(kPoisonBf16);
  activated_.fill(kPoisonBf16);
  launch(0);
  const Outputs out{output_.values<float>(), residual_.values<float>(), next_squares_.values<float>(),
                    next_inputs_.values<uint16_t>(), activated_.values<uint16_t>()};
  const double error = compare(out, in_, c_, rows_to_compare(c_, random_));
  return {name_of(c_) + " w" + std::to_string(c_.warps) + " " + std::to_string(c_.rows) + " x " +
              std::to_string(c_.columns) + ", " + std::to_string(c_.count) + " rows",
          error, 5e-6};
}

}  // namespace

Trial linear_trial(const Device& device, const Module& module, const LinearCase& c, Random& random, int copies) {
  const double in = 2.0 * c.count * c.columns, out = 4.0 * c.count * outputs_of(c);
  return trial_of(std::make_shared<LinearTrial>(device, module, c, random, copies),
                  {.bytes = static_cast<double>(matrix_bytes(c.form, c.rows, c.columns)) + in + out});
}

Check check_linear(const Device& device, const Module& module, const LinearCase& c, Random& random) {
  return linear_trial(device, module, c, random).check();
}

}  // namespace estoc::gpu
