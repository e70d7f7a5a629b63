// Which matrices and vectors a device has of some of a decoder's layers, and where: known before anything is read.
//
// What: projections that read the same rows are one matrix, or neighbours where their forms differ: queries, keys and
// values; gate and up, whose rows take turns by eight (gpu/source/gemm.h). Matrices lie in the order of use, so that
// launches can ask for those of later ones (gpu/source/weights_ahead.h). The decoder's embedding and head are among
// them where the layers are its first and its last. Values, with views of the checkpoint, which must outlive them.
// Threads: immutable. Errors: the constructor throws Error{unsupported} with one sentence for what devices do not
// compute yet, Error{corrupt_file} for what is missing.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gpu/source/delta_net.h"
#include "gpu/source/gate.h"
#include "gpu/source/route.h"
#include "gpu/source/weight_tile.h"
#include "gpu_layers/device_form.h"
#include "gpu_layers/head_order.h"
#include "layers/layer_spec.h"
#include "weights/naming_rules.h"
#include "weights/row_map.h"
#include "weights/weight_source.h"

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

// A gated delta net between its projections.
struct GpuDeltaNet {
  gpu::DeltaNetShape shape{};
  size_t taps = 0;  // [conv_width][columns of q, k and v]
  size_t decay_rate = 0, decay_bias = 0, norm = 0;
  float epsilon = 0;
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

// Vectors are offsets in floats behind the first; nothing for one that the layer does not have.
struct GpuLayer {
  std::vector<GpuMatrix> qkv;  // of a delta net all that reads the layer's input
  GpuMatrix output;
  std::optional<GpuDeltaNet> delta;  // instead of attention
  GpuMatrix gate_up, down;           // of a dense MLP
  std::optional<GpuMixture> mixture;
  size_t input_norm = 0, mlp_norm = 0;
  std::optional<size_t> q_norm, k_norm;
  std::optional<size_t> qkv_bias;     // of all three, one behind the other
  std::optional<size_t> output_bias;  // of attention
  std::optional<size_t> sinks;        // of each head
  bool has_attention_gate = false;    // whose rows stand behind those of values
  GpuAddition mixer_addition, mlp_addition;
  gpu::GateCurve gate = gpu::kSilu;
  float input_epsilon = 0, mlp_epsilon = 0, head_epsilon = 0;
  float scale = 0, softcap = 0;  // of scores; no cap: 0
  float value_epsilon = 0;       // of a norm of each head of values; 0 for none
  int window = 0;                // positions that a row sees; 0 for all
  // What an MLP's products begin with.
  const GpuMatrix& first_of_mlp() const { return mixture ? mixture->gate_up : gate_up; }
  int rope = 0;  // of the decoder's ropes; one behind the last of these turns nothing
};

struct GpuHead {
  GpuMatrix matrix;
  size_t norm = 0;
  float epsilon = 0;
};

struct GpuWeightPlan {
  // Layers [first, end).
  GpuWeightPlan(const WeightSource& source, const NamingRules& naming, const DecoderSpec& decoder, int first, int end);

  std::vector<GpuLayer> layers;
  std::optional<GpuMatrix> embedding;
  std::optional<GpuHead> head;
  float embedding_scale = 1;
  float logit_scale = 1, logit_softcap = 0;  // the cap after the scale; 0 for none
  size_t ones = 0;  // a norm weight of one for every hidden column: what stands behind the last layer without a head
  // Of all layers alike.
  int hidden = 0, heads = 0, kv_heads = 0, vocab = 0;
  int head_dim = 0, head_room = 0;  // of the model's heads, and of the device's (head_order.h)
  int mlp_width = 0;                // the widest of dense MLPs and shared experts
  size_t matrix_bytes = 0, vector_floats = 0;
  int attended() const { return heads * head_dim; }
  int group() const { return kv_heads == 0 ? 1 : heads / kv_heads; }  // queries' heads of a key's
  int qkv_rows() const { return (heads + 2 * kv_heads) * head_room + (has_attention_gate_ ? attended() : 0); }
  // Whether parts' results are anywhere kept apart from the residual.
  bool has_additions() const;
  // Of the layers' delta nets, which are all alike; null where there is none.
  const gpu::DeltaNetShape* delta_shape() const;
  // Floats of a row that a layer's first products leave, and columns of what its last one reads.
  int first_rows(const GpuLayer& layer) const {
    return layer.delta ? gpu::delta_inputs(layer.delta->shape) : qkv_rows();
  }
  int mixed_columns(const GpuLayer& layer) const {
    return layer.delta ? gpu::delta_value_columns(layer.delta->shape) : attended();
  }

  // What is to be put at a matrix's place: its parts' rows one behind the other, or taking turns by eight.
  struct Part {
    MatrixView matrix;
    HeadOrder order = {};
    int64_t rows() const { return order.rows_of(matrix.rows()); }
  };
  struct MatrixSource {
    GpuMatrix to;
    const DeviceForm* form;
    std::vector<Part> parts;
    bool is_interleaved;
    const std::byte* row(int64_t r) const;
    std::vector<std::byte> zeros = {};  // a row of them
  };
  // Elements of a tensor with something added to each.
  struct VectorSource {
    size_t at = 0;
    const WeightTensor* tensor = nullptr;
    int count = 0;
    int64_t first = 0;
    RowMap rows = {};
    HeadOrder order = {};
    float offset = 0;
    // Instead of all that: element i is element map(i), or as below.
    std::function<int64_t(int64_t)> map = {};
    float (*change)(float) = nullptr;  // what becomes of each; null: nothing
    static constexpr int64_t kZero = HeadOrder::kNoRow, kLeft = -2;
    // kZero for one that is zero, kLeft for one that is not this tensor's.
    int64_t element(int64_t i) const {
      if (map) return map(i);
      const int64_t row = order.stored_row(i);
      return row == HeadOrder::kNoRow ? row : first + rows.stored_row(row);
    }
  };
  std::vector<MatrixSource> matrices;
  std::vector<const WeightTensor*> experts;  // tensors of theirs, which views may be copies of
  std::vector<VectorSource> vectors;

 private:
  void describe(const LayerSpec& layer);
  void describe(const AttentionSpec& attention);
  void add_layer(const WeightSource& source, const DecoderSpec& decoder, const LayerSpec& layer);
  void add_attention(const WeightSource& source, const DecoderSpec& decoder, const AttentionSpec& attention,
                     GpuLayer& to);
  void add_delta_net(const WeightSource& source, const GatedDeltaSpec& delta, GpuLayer& to);
  void place_projections(const std::vector<Part>& parts, GpuLayer& to);
  void add_mlp(const WeightSource& source, const GatedMlpSpec& mlp, GpuLayer& to);
  // gpu_mixture_plan.cc
  GpuMixture plan_mixture(const WeightSource& source, const MoeSpec& spec);
  void place_router(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  void place_experts(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  void place_shared(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  // A vector of so many elements, more than one tensor's: those that `map` leaves are somebody else's.
  void place_some(const WeightTensor& tensor, size_t at, int count, std::function<int64_t(int64_t)> map);
  size_t reserve(int64_t floats);
  GpuMatrix place(const std::vector<Part>& parts, bool is_interleaved);
  size_t place(const WeightSource& source, const NormSpec& norm, int count, const HeadOrder& order = {});
  size_t place_sinks(const WeightSource& source, const AttentionSpec& attention);
  GpuAddition addition(const WeightSource& source, const std::optional<NormSpec>& norm, float scale);
  std::optional<size_t> place_biases(const WeightSource& source, const AttentionSpec& attention,
                                     const HeadOrder& order);
  std::optional<size_t> place_bias(const WeightSource& source, const MatrixSpec& matrix, int rows);

  bool has_attention_gate_ = false;  // any layer has
};

}  // namespace estoc
