// One decoder layer on the CPU: a mixer and an MLP with the norms around them, as layers/layer_spec.h says.
//
// Immutable after construction. Throws Error{corrupt_file} when a tensor is missing or of another shape.
#pragma once

#include <optional>
#include <variant>

#include "layers/attention.h"
#include "layers/cpu_scratch.h"
#include "layers/gated_delta_net.h"
#include "layers/latent_attention.h"
#include "layers/layer_spec.h"
#include "layers/mamba.h"
#include "layers/mamba2.h"
#include "layers/mlp.h"
#include "layers/moe.h"
#include "layers/norm.h"
#include "layers/per_layer_inputs.h"
#include "layers/sampled_rows.h"
#include "layers/short_conv.h"
#include "layers/side_mixture.h"

namespace estoc {

class DecoderBlock {
 public:
  // Layer `layer` of a stack that begins with `first`.
  DecoderBlock(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, int first, int layer);
  // With `wanted`, hidden is afterwards its rows, and so are the angles and the plan in `work`.
  void forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
               const SampledRows* wanted) const;

 private:
  using Mixer = std::variant<Attention, LatentAttention, GatedDeltaNet, Mamba, Mamba2, ShortConv, std::monostate>;
  using Mlp = std::variant<std::monostate, GatedMlp, PlainMlp, Moe>;

  DecoderBlock(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, const LayerSpec& spec,
               int first, int layer);
  // `state`: its number in the layout.
  static Mixer make_mixer(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout,
                          const MixerSpec& spec, int state);
  static Mlp make_mlp(LoadContext& load, const MlpSpec& spec, int hidden);

  // normed = norm(hidden), in the form that `part` reads unless its values are wanted.
  template <typename Part>
  static void prepare(const Compute& compute, const std::optional<Norm>& norm, const Part& part, const Rows& hidden,
                      bool are_values_wanted, Rows& normed);
  // work.normed for the mixers, and the MLP's input where it reads beside them.
  void prepare_mixers(const Compute& compute, const Rows& hidden, CpuScratch& work, bool is_picked) const;
  // hidden += scale * output_norm(what `part` leaves in the output it is called with), or the norm of that sum.
  template <typename Part>
  void add_part(const Compute& compute, const std::optional<Norm>& output_norm, float scale, CpuScratch& work,
                Rows& hidden, Part&& part) const;

  bool is_parallel_, are_sums_normed_;
  float mixer_scale_, second_scale_, mlp_scale_;
  std::optional<Norm> input_norm_;
  Mixer mixer_, second_;
  std::optional<Norm> mixer_output_norm_, mlp_norm_;
  Mlp mlp_;
  std::optional<Norm> mlp_output_norm_;
  std::optional<SideMixture> side_;
  std::optional<LayerInput> input_;
  int64_t input_column_;
  float output_scale_ = 1;
};

}  // namespace estoc
