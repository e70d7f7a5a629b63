// Steps of few rows: five launches a layer, each allowed to begin before the one before has ended.
#include <algorithm>
#include <string>

#include "gpu/source/embed.h"
#include "gpu/source/linear.h"
#include "gpu/source/select_rows.h"
#include "gpu_layers/device_form.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {
namespace {

using gpu::LinearArguments;
using gpu::LinearPlan;

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
  gpu::WeightsAhead ask(size_t own_end);
  LinearArguments arguments(const GpuMatrix& matrix, gpu::u16* inputs, bool has_norm, float epsilon);
  // Returns its blocks.
  int launch(const GpuMatrix& matrix, const char* end, const LinearArguments& arguments);

  const gpu::Accelerator& device_;
  const GpuWeights& w_;
  const GpuBuffers& b_;
  const DecodeShape shape_;
  const DecodeInputs inputs_;
  size_t asked_ = 0;
};

gpu::WeightsAhead DecodeLaunches::ask(size_t own_end) {
  const size_t begin = std::max(asked_, own_end),
               end = std::min(own_end + kAheadBytes, w_.plan().matrix_bytes) / 16 * 16;
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

int DecodeLaunches::launch(const GpuMatrix& matrix, const char* end, const LinearArguments& arguments) {
  const LinearPlan plan = gpu::linear_plan(matrix.form, matrix.rows, matrix.columns);
  const int blocks = (gpu::tile_rows_of(matrix.rows) + plan.tiles - 1) / plan.tiles;
  const std::string kernel = std::string("linear_") + name_of(matrix.form) + "_" + end + "_r" +
                             std::to_string(plan.tiles) + (arguments.count > 8 ? "_n16" : "_n8");
  device_.launch(kernel, {.blocks = blocks, .threads = plan.warps * gpu::kWarpThreads}, arguments);
  return blocks;
}

// The rows of the first layer, by token or as they came from another stack.
void DecodeLaunches::begin() {
  const float* norm = vector(w_.plan().layers.front().input_norm);
  if (w_.plan().embedding) {
    const gpu::EmbedArguments embed{
        w_.matrix(*w_.plan().embedding), inputs_.tokens,  norm, b_.residual.as<float>(), b_.inputs.as<gpu::u16>(),
        b_.squares.as<float>(),          w_.plan().hidden};
    device_.launch(std::string("embed_") + name_of(w_.plan().embedding->form),
                   {.blocks = shape_.rows, .threads = gpu::kEmbedThreads, .may_overlap = false}, embed);
  } else {
    const gpu::SelectRowsArguments select{b_.residual.as<float>(), nullptr,         norm, b_.inputs.as<gpu::u16>(),
                                          b_.squares.as<float>(),  w_.plan().hidden};
    device_.launch("select_rows", {.blocks = shape_.rows, .threads = gpu::kSelectRowsThreads, .may_overlap = false},
                   select);
  }
}

void DecodeLaunches::layer(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  auto* const inputs = b_.inputs.as<gpu::u16>();
  for (const GpuMatrix& part : layer.qkv) {
    LinearArguments a = arguments(part, inputs, true, layer.input_epsilon);
    a.output = b_.qkv.as<float>(static_cast<size_t>(part.output_at) * 4);
    a.output_stride = qkv_rows(w_);
    a.bias = layer.qkv_bias ? vector(*layer.qkv_bias) + part.output_at : nullptr;
    launch(part, "store", a);
  }
  launch_decode_attention(device_, w_, b_, shape_, inputs_, index, ask(layer.output.at), 0, gpu::ColumnOrder::plain);
  LinearArguments a = arguments(layer.output, b_.attended.as<gpu::u16>(), false, 0);
  a.next_norm = vector(layer.mlp_norm);
  square_parts = launch(layer.output, "residual", a);
  launch(layer.gate_up, "gated", arguments(layer.gate_up, inputs, true, layer.mlp_epsilon));
  a = arguments(layer.down, b_.activated.as<gpu::u16>(), false, 0);
  a.next_norm = vector(index + 1 < w_.plan().layers.size() ? w_.plan().layers[index + 1].input_norm
                       : w_.plan().head                    ? w_.plan().head->norm
                                                           : w_.plan().ones);
  square_parts = launch(layer.down, "residual", a);
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
