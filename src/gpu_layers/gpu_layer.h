// What a device has of a layer: matrices and vectors by where they lie, and what else its launches have to know.
// Vectors are offsets in floats behind the first; nothing for one that the layer does not have. Values.
#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "gpu/source/delta_net.h"
#include "gpu/source/gate.h"
#include "gpu/source/latent_attention.h"
#include "gpu/source/route.h"
#include "gpu/source/selective_scan.h"
#include "gpu/source/ssd.h"
#include "gpu/source/weight_tile.h"

namespace estoc {

struct GpuMatrix {
  gpu::WeightForm form{};
  int rows = 0, columns = 0;
  size_t at = 0;      // bytes behind the first matrix
  int output_at = 0;  // of its first row among those of its neighbours
  size_t bytes() const { return static_cast<size_t>(gpu::matrix_bytes(form, rows, columns)); }
};

// How a part's result enters the residual stream, where it is not just added: behind a norm, or scaled.
struct GpuAddition {
  std::optional<size_t> norm;
  float epsilon = 0, scale = 1;
  bool is_plain() const { return !norm && scale == 1; }
};

struct GpuAttention {
  std::optional<size_t> q_norm, k_norm;
  std::optional<size_t> sinks;  // of each head
  bool has_gate = false;        // whose rows stand behind those of values
  float head_epsilon = 0;
  float scale = 0, softcap = 0;  // of scores; no cap: 0
  float value_epsilon = 0;       // of a norm of each head of values; 0 for none
  int window = 0;                // positions that a row sees; 0 for all
  int rope = 0;                  // of the decoder's ropes; one behind the last of these turns nothing
};

// A convolution over the last positions.
struct GpuConv {
  int columns = 0, width = 0;
  size_t taps = 0;  // [width][columns]
  std::optional<size_t> bias;
};

struct GpuDeltaNet {
  gpu::DeltaNetShape shape{};
  GpuConv conv;
  size_t decay_rate = 0, decay_bias = 0, norm = 0;
  float epsilon = 0;
};

struct GpuShortConv {
  GpuConv conv;
};

struct GpuMamba2 {
  gpu::SsdShape shape{};
  GpuConv conv;
  size_t step_bias = 0, rates = 0, skip = 0;
  std::optional<size_t> norm;
  float step_scale = 1, step_min = 0, step_max = 0;
  float gate_scale = 1;
  bool is_gate_first = true;
  float epsilon = 0;
};

struct GpuMamba {
  gpu::ScanShape shape{};
  GpuConv conv;
  GpuMatrix parts, steps;           // x becomes narrow steps, b and c; narrow steps become all steps
  std::optional<size_t> step_bias;  // of all steps
  size_t rates = 0, skip = 0;
  struct Norms {
    size_t step = 0, b = 0, c = 0;
    float epsilon = 0;
  };
  std::optional<Norms> norms;
};

// Of each head a matrix for what its query becomes before it meets latents, and one for its answer (keys, values).
struct GpuLatent {
  gpu::LatentShape shape{};
  std::optional<GpuMatrix> queries;  // of all heads, where they are compressed
  std::optional<size_t> query_norm, query_bias;
  size_t latent_norm = 0;
  float epsilon = 0, scale = 0;
  int rope = 0;
  bool is_interleaved = false;
  float growth = 0;
  int period = 1;
  GpuMatrix keys, values;  // of the first head
  size_t key_stride = 0, value_stride = 0;
};

// A mixer: its products before and behind, and what is between these.
struct GpuMixer {
  std::vector<GpuMatrix> projections;  // all that reads the layer's input, side by side in the result
  int inputs_at = 0;                   // of the first of them among those of the layer's mixers
  GpuMatrix output;
  std::optional<size_t> projection_bias;  // of all projections, one behind the other
  std::optional<size_t> output_bias;
  GpuAddition addition;
  size_t state = 0;  // the place of what it keeps among the plan's states
  std::variant<GpuAttention, GpuDeltaNet, GpuShortConv, GpuMamba2, GpuMamba, GpuLatent> kind;

  int projected() const { return projections.back().output_at + projections.back().rows; }
  const GpuAttention* attention() const { return std::get_if<GpuAttention>(&kind); }
  const GpuLatent* latent() const { return std::get_if<GpuLatent>(&kind); }
  // Bytes of a sequence in a fixed state; 0 for what is kept of every position.
  size_t state_bytes() const;
};

// A dense MLP; without a gate `first` is up alone, and the curve is that of its activation.
struct GpuDenseMlp {
  GpuMatrix first, down;
  gpu::GateCurve gate = gpu::kSilu;
  bool is_gated = true;
  bool is_squared = false;  // without a gate: the square of what is above 0 instead of the curve
};

// An MLP of experts. Their matrices lie one behind the other, as do their biases.
struct GpuMixture {
  gpu::RouteRule rule{};
  int outputs = 0;    // of the router: experts, and behind them what weighs the shared one
  size_t router = 0;  // f32 [outputs][hidden]
  std::optional<size_t> router_bias, correction;
  GpuMatrix gate_up, down;  // of the first expert
  size_t gate_up_stride = 0, down_stride = 0;
  std::optional<size_t> gate_up_bias, down_bias;
  gpu::GateCurve gate = gpu::kSilu;
  struct Shared {
    GpuMatrix gate_up, down;
    bool is_weighed = false;
  };
  std::optional<Shared> shared;
  int width() const { return gate_up.rows / 2; }
};

struct GpuLayer {
  std::vector<GpuMixer> mixers;  // which read the same rows
  std::variant<std::monostate, GpuDenseMlp, GpuMixture> mlp;
  size_t input_norm = 0, mlp_norm = 0;
  float input_epsilon = 0, mlp_epsilon = 0;
  GpuAddition mlp_addition;

  const GpuDenseMlp* dense() const { return std::get_if<GpuDenseMlp>(&mlp); }
  const GpuMixture* mixture() const { return std::get_if<GpuMixture>(&mlp); }
  bool has_mlp() const { return !std::holds_alternative<std::monostate>(mlp); }
  // What stands before the layer's first part.
  size_t first_norm() const { return mixers.empty() ? mlp_norm : input_norm; }
  // Floats of a row that the mixers' projections leave: whole loads of four.
  int projected() const {
    return mixers.empty() ? 0 : (mixers.back().inputs_at + mixers.back().projected() + 3) / 4 * 4;
  }
};

struct GpuHead {
  GpuMatrix matrix;
  size_t norm = 0;
  float epsilon = 0;
};

}  // namespace estoc
