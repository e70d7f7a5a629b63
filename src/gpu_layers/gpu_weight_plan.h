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
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "gpu_layers/device_form.h"
#include "gpu_layers/gpu_layer.h"
#include "gpu_layers/head_order.h"
#include "layers/layer_spec.h"
#include "weights/naming_rules.h"
#include "weights/row_map.h"
#include "weights/weight_source.h"

namespace estoc {

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
  int turned_dim = 0;               // of positions' angles: the device's heads, or what turns of latent attention's
  int mlp_width = 0;                // the widest of dense MLPs and shared experts
  int plain_width = 0;              // the widest of dense MLPs without a gate
  size_t matrix_bytes = 0, vector_floats = 0;
  int attended() const { return heads * head_dim; }
  int group() const { return kv_heads == 0 ? 1 : heads / kv_heads; }  // queries' heads of a key's
  // Of the queries, keys and values that attention's projections leave; gates stand behind them.
  int qkv_rows() const { return (heads + 2 * kv_heads) * head_room; }
  // Whether parts' results are anywhere kept apart from the residual.
  bool has_additions() const;
  // What its layers keep: a state a mixer, in order.
  std::vector<const GpuMixer*> states() const;
  // One whose form tells how fast weights are read.
  const GpuMatrix& typical_matrix() const;

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
    std::vector<std::byte> zeros = {};    // a row of them
    const QuantFormat* turned = nullptr;  // the only part with rows for columns, in this format
  };
  // Elements of a tensor with something added to each.
  struct VectorSource {
    size_t at = 0;
    const WeightTensor* tensor = nullptr;
    int count = 0;
    int64_t first = 0;
    RowMap rows = {};
    HeadOrder order = {};
    float offset = 0, factor = 1;  // of what is read
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
  void add_layer(const WeightSource& source, const DecoderSpec& decoder, const LayerSpec& layer);
  void add_mlp(const WeightSource& source, const LayerSpec& layer, GpuLayer& to);
  GpuDenseMlp plan_mlp(const WeightSource& source, const GatedMlpSpec& mlp, GpuAddition& addition);
  GpuDenseMlp plan_mlp(const WeightSource& source, const PlainMlpSpec& mlp);
  // gpu_mixer_plan.cc
  void add_mixer(const WeightSource& source, const DecoderSpec& decoder, const MixerSpec& spec, GpuAddition addition,
                 GpuLayer& to);
  void describe(const AttentionSpec& attention);
  GpuAttention plan(const WeightSource& source, const DecoderSpec& decoder, const AttentionSpec& spec, GpuMixer& to);
  GpuDeltaNet plan(const WeightSource& source, const DecoderSpec& decoder, const GatedDeltaSpec& spec, GpuMixer& to);
  GpuShortConv plan(const WeightSource& source, const DecoderSpec& decoder, const ShortConvSpec& spec, GpuMixer& to);
  GpuMamba2 plan(const WeightSource& source, const DecoderSpec& decoder, const Mamba2Spec& spec, GpuMixer& to);
  GpuMamba plan(const WeightSource& source, const DecoderSpec& decoder, const MambaSpec& spec, GpuMixer& to);
  GpuLatent plan(const WeightSource& source, const DecoderSpec& decoder, const LatentAttentionSpec& spec, GpuMixer& to);
  // gpu_latent_plan.cc
  void place_latent_heads(const WeightSource& source, const LatentAttentionSpec& spec, GpuLatent& to);
  void place_latent_biases(const WeightSource& source, const std::string& first_of_queries,
                           const LatentAttentionSpec& spec, GpuLatent& own, GpuMixer& to);
  // gpu_mixer_plan.cc
  void place_projections(const std::vector<Part>& parts, GpuMixer& to);
  // One matrix before and one behind, with biases where there are any.
  void place_ends(const WeightSource& source, const std::string& name, int inputs, int outputs, GpuMixer& to);
  // How fast states decay, below 0.
  size_t place_rates(const WeightSource& source, const std::string& name, int64_t count);
  GpuConv place_conv(const WeightSource& source, const std::string& name, int columns, int width);
  std::optional<size_t> place_biases(const WeightSource& source, const AttentionSpec& attention,
                                     const HeadOrder& order);
  size_t place_sinks(const WeightSource& source, const AttentionSpec& attention);
  // gpu_mixture_plan.cc
  GpuMixture plan_mixture(const WeightSource& source, const MoeSpec& spec);
  void place_router(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  void place_experts(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  void place_shared(const WeightSource& source, const MoeSpec& spec, GpuMixture& to);
  // A vector of so many elements, more than one tensor's: those that `map` leaves are somebody else's.
  void place_some(const WeightTensor& tensor, size_t at, int count, std::function<int64_t(int64_t)> map);
  size_t reserve(int64_t floats);
  // Numbers of a tensor under the first of these names that the file has, in whatever shape it keeps them.
  size_t place_numbers(const WeightSource& source, std::initializer_list<std::string> names, int64_t count);
  GpuMatrix place(const std::vector<Part>& parts, bool is_interleaved);
  GpuMatrix place_turned(const Part& part, const QuantFormat& format);
  GpuMatrix reserve_matrix(gpu::WeightForm form, int64_t rows, int64_t columns);
  size_t place(const WeightSource& source, const NormSpec& norm, int count, const HeadOrder& order = {});
  GpuAddition addition(const WeightSource& source, const std::optional<NormSpec>& norm, float scale);
  std::optional<size_t> place_bias(const WeightSource& source, const MatrixSpec& matrix, int rows);

  size_t states_ = 0;
};

}  // namespace estoc
