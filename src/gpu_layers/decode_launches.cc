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
  void project(const GpuLayer& layer, const GpuMixer& mixer);
  void mix(const GpuLayer& layer, const GpuMixer& mixer, size_t next_norm);
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
                                 [](const GpuLayer& layer) { return layer.mixture() != nullptr; });
  return next == layers.end() ? w_.plan().matrix_bytes : next->mixture()->gate_up.at;
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
  launch_select_rows(device_, w_, b_, nullptr, shape_.rows, w_.plan().layers.front().first_norm(), false);
}

void DecodeLaunches::project(const GpuLayer& layer, const GpuMixer& mixer) {
  for (const GpuMatrix& part : mixer.projections) {
    LinearArguments a = arguments(part, b_.inputs.as<gpu::u16>(), true, layer.input_epsilon);
    a.output = b_.qkv.as<float>(static_cast<size_t>(mixer.inputs_at + part.output_at) * 4);
    a.output_stride = layer.projected();
    a.bias = mixer.projection_bias ? vector(*mixer.projection_bias) + part.output_at : nullptr;
    launch_linear(device_, part, "store", a);
  }
}

void DecodeLaunches::mix(const GpuLayer& layer, const GpuMixer& mixer, size_t next_norm) {
  if (mixer.attention() != nullptr) {
    launch_decode_attention(device_, w_, b_, shape_, inputs_, layer, mixer, ask(mixer.output.at), 0,
                            gpu::ColumnOrder::plain);
  } else {
    MixerStep step = mixer_step(b_, shape_, inputs_, false);
    step.product = [&](const GpuMatrix& matrix, const gpu::Buffer& inputs, float* output, int stride,
                       const float* bias) {
      LinearArguments a = arguments(matrix, inputs.as<gpu::u16>(), false, 0);
      a.output = output;
      a.output_stride = stride;
      a.bias = bias;
      launch_linear(device_, matrix, "store", a);
    };
    launch_mixer(device_, w_, b_, step, layer, mixer);
  }
  end_part(mixer.output, mixer.output_bias, b_.attended.as<gpu::u16>(), mixer.addition, next_norm);
}

void DecodeLaunches::layer(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  end_of_known_ = first_experts_behind(index);
  const size_t next_norm = index + 1 < w_.plan().layers.size() ? w_.plan().layers[index + 1].first_norm()
                           : w_.plan().head                    ? w_.plan().head->norm
                                                               : w_.plan().ones;
  for (const GpuMixer& mixer : layer.mixers) project(layer, mixer);  // all: the end of one writes over what they read
  for (const GpuMixer& mixer : layer.mixers) mix(layer, mixer, layer.has_mlp() ? layer.mlp_norm : next_norm);
  if (layer.mixture() != nullptr) experts(layer, next_norm);
  if (layer.dense() != nullptr) dense_mlp(layer, next_norm);
}

void DecodeLaunches::dense_mlp(const GpuLayer& layer, size_t next_norm) {
  const GpuDenseMlp& mlp = *layer.dense();
  LinearArguments first = arguments(mlp.first, b_.inputs.as<gpu::u16>(), true, layer.mlp_epsilon);
  first.gate = mlp.gate;
  if (!mlp.is_gated) first.output = b_.raised->as<float>();
  launch_linear(device_, mlp.first, mlp.is_gated ? "gated" : "store", first);
  if (!mlp.is_gated) launch_activation(device_, b_, mlp, shape_.rows, false);
  end_part(mlp.down, std::nullopt, b_.activated.as<gpu::u16>(), layer.mlp_addition, next_norm);
}

// The shared expert comes first: what it reads is written over by the others' end.
void DecodeLaunches::experts(const GpuLayer& layer, size_t next_norm) {
  launch_routes(device_, w_, b_, layer, shape_.rows);
  if (const auto& shared = layer.mixture()->shared) {
    LinearArguments gated = arguments(shared->gate_up, b_.inputs.as<gpu::u16>(), true, layer.mlp_epsilon);
    gated.gate = layer.mixture()->gate;
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
