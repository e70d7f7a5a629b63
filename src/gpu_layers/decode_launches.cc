// Steps of few rows: five launches a layer, each allowed to begin before the one before has ended.
#include <algorithm>

#include "gpu/source/linear.h"
#include "gpu_layers/expert_launches.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {
namespace {

using gpu::LinearArguments;

// How far beyond its own weights a launch asks for those of later ones: the best, or nearly, for all models tried
// (docs/GPU.md).
constexpr size_t kAheadBytes = size_t{8} << 20;

class DecodeLaunches {
 public:
  DecodeLaunches(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                 const DecodeShape& shape, const DecodeInputs& inputs)
      : device_(device), w_(weights), b_(buffers), shape_(shape), inputs_(inputs) {}

  void begin();
  void layer(size_t index);

  // Parts of the sums of squares that whoever wrote the inputs left.
  int square_parts = 1;

 private:
  const float* vector(size_t at) const { return w_.vector(at); }
  // Where the experts of the first later layer that has some begin, or all matrices end.
  size_t first_experts_behind(size_t index) const;
  gpu::WeightsAhead ask(size_t own_end);
  void dense_mlp(const GpuLayer& layer, size_t next_norm);
  void experts(const GpuLayer& layer, size_t next_norm);
  LinearArguments arguments(const GpuMatrix& matrix, gpu::u16* inputs, bool has_norm, float epsilon);
  // The projection that ends a part; its result enters the residual. `next_norm`: before what reads that.
  void end_part(const GpuMatrix& matrix, std::optional<size_t> bias, gpu::u16* inputs, const GpuAddition& addition,
                size_t next_norm);

  const gpu::Accelerator& device_;
  const GpuWeights& w_;
  const GpuBuffers& b_;
  const DecodeShape shape_;
  const DecodeInputs inputs_;
  size_t asked_ = 0;
  size_t end_of_known_ = 0;  // behind it are experts: nobody knows yet which will be read
};

size_t DecodeLaunches::first_experts_behind(size_t index) const {
  const auto& layers = w_.plan().layers;
  const auto next = std::find_if(layers.begin() + static_cast<std::ptrdiff_t>(index), layers.end(),
                                 [](const GpuLayer& layer) { return layer.mixture.has_value(); });
  return next == layers.end() ? w_.plan().matrix_bytes : next->mixture->gate_up.at;
}

gpu::WeightsAhead DecodeLaunches::ask(size_t own_end) {
  const size_t begin = std::max(asked_, own_end), end = std::min(own_end + kAheadBytes, end_of_known_) / 16 * 16;
  if (end <= begin) return {};
  asked_ = end;
  return {w_.at(begin), static_cast<gpu::u32>(end - begin)};
}

LinearArguments DecodeLaunches::arguments(const GpuMatrix& matrix, gpu::u16* inputs, bool has_norm, float epsilon) {
  LinearArguments a{};
  a.weights = w_.matrix(matrix);
  a.inputs = inputs;
  a.squares = has_norm ? b_.squares.as<float>() : nullptr;
  a.square_parts = square_parts;
  a.epsilon = epsilon;
  a.rows = matrix.rows;
  a.columns = matrix.columns;
  a.count = shape_.rows;
  a.output_stride = matrix.rows;
  a.residual = b_.residual.as<float>();
  a.next_inputs = b_.inputs.as<gpu::u16>();
  a.next_squares = b_.squares.as<float>();
  a.activated = b_.activated.as<gpu::u16>();
  a.ahead = ask(matrix.at + matrix.bytes());
  return a;
}

void DecodeLaunches::end_part(const GpuMatrix& matrix, std::optional<size_t> bias, gpu::u16* inputs,
                              const GpuAddition& addition, size_t next_norm) {
  LinearArguments a = arguments(matrix, inputs, false, 0);
  a.next_norm = vector(next_norm);
  a.bias = bias ? vector(*bias) : nullptr;
  if (addition.is_plain()) {
    square_parts = launch_linear(device_, matrix, "residual", a);
    return;
  }
  a.output = b_.part->as<float>();
  launch_linear(device_, matrix, "store", a);
  launch_addition(device_, w_, b_, addition, shape_.rows, vector(next_norm));
  square_parts = 1;
}

// The rows of the first layer, by token or as they came from another stack.
void DecodeLaunches::begin() {
  if (w_.plan().embedding) return launch_embedding(device_, w_, b_, inputs_.tokens, shape_.rows);
  launch_select_rows(device_, w_, b_, nullptr, shape_.rows, w_.plan().layers.front().input_norm, false);
}

void DecodeLaunches::layer(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  end_of_known_ = first_experts_behind(index);
  auto* const inputs = b_.inputs.as<gpu::u16>();
  for (const GpuMatrix& part : layer.qkv) {
    LinearArguments a = arguments(part, inputs, true, layer.input_epsilon);
    a.output = b_.qkv.as<float>(static_cast<size_t>(part.output_at) * 4);
    a.output_stride = w_.plan().first_rows(layer);
    a.bias = layer.qkv_bias ? vector(*layer.qkv_bias) + part.output_at : nullptr;
    launch_linear(device_, part, "store", a);
  }
  if (layer.delta) {
    launch_delta_net(device_, w_, b_, shape_, inputs_, index, 0, gpu::ColumnOrder::plain);
  } else {
    launch_decode_attention(device_, w_, b_, shape_, inputs_, index, ask(layer.output.at), 0, gpu::ColumnOrder::plain);
  }
  end_part(layer.output, layer.output_bias, b_.attended.as<gpu::u16>(), layer.mixer_addition, layer.mlp_norm);
  const size_t next_norm = index + 1 < w_.plan().layers.size() ? w_.plan().layers[index + 1].input_norm
                           : w_.plan().head                    ? w_.plan().head->norm
                                                               : w_.plan().ones;
  if (layer.mixture) return experts(layer, next_norm);
  dense_mlp(layer, next_norm);
}

void DecodeLaunches::dense_mlp(const GpuLayer& layer, size_t next_norm) {
  LinearArguments gated = arguments(layer.gate_up, b_.inputs.as<gpu::u16>(), true, layer.mlp_epsilon);
  gated.gate = layer.gate;
  launch_linear(device_, layer.gate_up, "gated", gated);
  end_part(layer.down, std::nullopt, b_.activated.as<gpu::u16>(), layer.mlp_addition, next_norm);
}

// The shared expert comes first: what it reads is written over by the others' end.
void DecodeLaunches::experts(const GpuLayer& layer, size_t next_norm) {
  launch_routes(device_, w_, b_, layer, shape_.rows);
  if (const auto& shared = layer.mixture->shared) {
    LinearArguments gated = arguments(shared->gate_up, b_.inputs.as<gpu::u16>(), true, layer.mlp_epsilon);
    gated.gate = layer.mixture->gate;
    launch_linear(device_, shared->gate_up, "gated", gated);
    LinearArguments down = arguments(shared->down, b_.activated.as<gpu::u16>(), false, 0);
    down.output = b_.experts->shared.as<float>();
    launch_linear(device_, shared->down, "store", down);
  }
  square_parts = launch_experts(device_, w_, b_, layer, shape_.rows, vector(next_norm));
  if (layer.mlp_addition.is_plain()) return;
  launch_addition(device_, w_, b_, layer.mlp_addition, shape_.rows, vector(next_norm));
  square_parts = 1;
}

}  // namespace

void launch_decode(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const DecodeShape& shape, const DecodeInputs& inputs) {
  DecodeLaunches launches(device, weights, buffers, shape, inputs);
  launches.begin();
  for (size_t layer = 0; layer < weights.plan().layers.size(); ++layer) launches.layer(layer);
  if (!weights.plan().head) return;
  launch_head(device, weights, buffers, shape.rows, launches.square_parts, inputs.samples);
}

}  // namespace estoc
