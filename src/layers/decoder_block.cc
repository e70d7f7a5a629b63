#include "layers/decoder_block.h"

#include <type_traits>

#include "base/check.h"
#include "ops/elementwise.h"

namespace estoc {
namespace {

std::optional<Norm> make_norm(LoadContext& load, const std::optional<NormSpec>& spec, int hidden) {
  if (!spec) return std::nullopt;
  return Norm(load, *spec, hidden);
}

}  // namespace

DecoderBlock::Mixer DecoderBlock::make_mixer(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout,
                                             const MixerSpec& spec, int state) {
  if (std::holds_alternative<std::monostate>(spec)) return Mixer(std::in_place_type<std::monostate>);
  if (const auto* conv = std::get_if<ShortConvSpec>(&spec)) {
    return Mixer(std::in_place_type<ShortConv>, load, *conv, decoder.hidden, state);
  }
  if (const auto* mamba = std::get_if<MambaSpec>(&spec)) {
    return Mixer(std::in_place_type<Mamba>, load, *mamba, decoder.hidden, state);
  }
  if (const auto* mamba = std::get_if<Mamba2Spec>(&spec)) {
    return Mixer(std::in_place_type<Mamba2>, load, *mamba, decoder.hidden, state);
  }
  if (const auto* delta = std::get_if<GatedDeltaSpec>(&spec)) {
    return Mixer(std::in_place_type<GatedDeltaNet>, load, *delta, decoder.hidden, state);
  }
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&spec)) {
    const RopeSpec& rope = decoder.ropes[static_cast<size_t>(latent->rope)];
    return Mixer(std::in_place_type<LatentAttention>, load, *latent, rope, decoder.hidden, state,
                 layout.group_of(state));
  }
  const auto& attention = std::get<AttentionSpec>(spec);
  state = attention.state_layer(state);
  const RopeSpec* const rope =
      attention.rope == AttentionSpec::kNoRope ? nullptr : &decoder.ropes[static_cast<size_t>(attention.rope)];
  return Mixer(std::in_place_type<Attention>, load, attention, rope, decoder.hidden, state, layout.group_of(state));
}

DecoderBlock::Mlp DecoderBlock::make_mlp(LoadContext& load, const MlpSpec& spec, int hidden) {
  if (const auto* gated = std::get_if<GatedMlpSpec>(&spec)) {
    return Mlp(std::in_place_type<GatedMlp>, load, *gated, hidden);
  }
  if (const auto* plain = std::get_if<PlainMlpSpec>(&spec)) {
    return Mlp(std::in_place_type<PlainMlp>, load, *plain, hidden);
  }
  if (const auto* moe = std::get_if<MoeSpec>(&spec)) return Mlp(std::in_place_type<Moe>, load, *moe, hidden);
  return {};
}

DecoderBlock::DecoderBlock(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, int first,
                           int layer)
    : DecoderBlock(load, decoder, layout, decoder.layers[static_cast<size_t>(layer)], first, layer) {}

DecoderBlock::DecoderBlock(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout,
                           const LayerSpec& spec, int first, int layer)
    : is_parallel_(spec.is_parallel),
      are_sums_normed_(spec.are_sums_normed),
      mixer_scale_(spec.residual_scale * spec.mixer_scale),
      second_scale_(spec.residual_scale * spec.second_scale),
      mlp_scale_(spec.residual_scale * spec.mlp_scale),
      input_norm_(make_norm(load, spec.input_norm, decoder.hidden)),
      mixer_(make_mixer(load, decoder, layout, spec.mixer, layer)),
      second_(spec.second_mixer ? make_mixer(load, decoder, layout, *spec.second_mixer, second_state(decoder, layer))
                                : Mixer(std::in_place_type<std::monostate>)),
      mixer_output_norm_(make_norm(load, spec.mixer_output_norm, decoder.hidden)),
      mlp_norm_(make_norm(load, spec.mlp_norm, decoder.hidden)),
      mlp_(make_mlp(load, spec.mlp, decoder.hidden)),
      mlp_output_norm_(make_norm(load, spec.mlp_output_norm, decoder.hidden)),
      input_column_(spec.input ? int64_t{layer - first} * decoder.per_layer_input->width : 0) {
  if (spec.side_mixture) {
    ESTOC_CHECK(spec.mlp_output_norm.has_value());
    side_.emplace(load, *spec.side_mixture, decoder.hidden);
  }
  if (spec.input) input_.emplace(load, *spec.input, decoder.hidden, decoder.per_layer_input->width);
  if (!spec.output_scale.empty()) output_scale_ = load_vector(load, spec.output_scale, 1).front();
}

template <typename Part>
void DecoderBlock::add_part(const Compute& compute, const std::optional<Norm>& output_norm, float scale,
                            CpuScratch& work, Rows& hidden, Part&& part) const {
  const bool is_part_normed = output_norm && !are_sums_normed_;
  if (!is_part_normed && scale == 1) {
    part(PartOutput{&hidden, true});
  } else {
    part(PartOutput{&work.part, false});
    if (is_part_normed) output_norm->forward(compute, work.part, work.part);
    add_scaled(compute, scale, work.part, hidden);
  }
  if (output_norm && are_sums_normed_) output_norm->forward(compute, hidden, hidden);
}

template <typename Part>
void DecoderBlock::prepare(const Compute& compute, const std::optional<Norm>& norm, const Part& part,
                           const Rows& hidden, bool are_values_wanted, Rows& normed) {
  const RowForm form = are_values_wanted ? RowForm::values : part.reads(compute, hidden.count());
  if (!norm) return copy_rows(compute, hidden, normed, form);
  normed.reset(hidden.count());
  norm->forward(compute, hidden, normed, form);
}

void DecoderBlock::prepare_mixers(const Compute& compute, const Rows& hidden, CpuScratch& work, bool is_picked) const {
  const bool are_values_wanted = is_picked || is_parallel_ || !std::holds_alternative<std::monostate>(second_);
  std::visit(
      [&]<typename Part>(const Part& mixer) {
        if constexpr (!std::is_same_v<Part, std::monostate>) {
          prepare(compute, input_norm_, mixer, hidden, are_values_wanted, work.normed);
        }
      },
      mixer_);
  if (!is_parallel_) return;
  if (mlp_norm_) {
    work.parallel->reset(hidden.count());
    mlp_norm_->forward(compute, hidden, *work.parallel);
  } else {
    copy_rows(compute, work.normed, *work.parallel);
  }
}

void DecoderBlock::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
                           const SampledRows* wanted) const {
  const bool is_picked = wanted != nullptr;
  prepare_mixers(compute, hidden, work, is_picked);
  if (is_picked && is_parallel_) wanted->pick(*work.parallel);
  if (is_picked) wanted->pick(hidden);
  if (is_picked && work.inputs) wanted->pick(work.inputs->all);
  const auto mix = [&](const Mixer& mixer, const std::optional<Norm>& output_norm, float scale) {
    std::visit(
        [&]<typename Part>(const Part& part) {
          if constexpr (!std::is_same_v<Part, std::monostate>) {
            add_part(compute, output_norm, scale, work, hidden,
                     [&](const PartOutput& out) { part.forward(compute, batch, kv, work, out, wanted); });
          }
        },
        mixer);
  };
  mix(second_, std::nullopt, second_scale_);  // before attention picks rows of work.normed
  mix(mixer_, mixer_output_norm_, mixer_scale_);
  std::visit(
      [&]<typename Part>(const Part& mlp) {
        if constexpr (!std::is_same_v<Part, std::monostate>) {
          if (is_parallel_) {
            copy_rows(compute, *work.parallel, work.normed);
          } else {
            prepare(compute, mlp_norm_, mlp, hidden, false, work.normed);
          }
          add_part(compute, mlp_output_norm_, mlp_scale_, work, hidden, [&](const PartOutput& out) {
            mlp.forward(compute, work, out);
            if (side_) side_->add(compute, hidden, work, *out.rows);
          });
        }
      },
      mlp_);
  if (input_) {
    input_->forward(compute, work.inputs->all, input_column_, work.decoded, hidden, work.inputs->gated, work.part);
    add_scaled(compute, 1, work.part, hidden);
  }
  if (output_scale_ != 1) scale_rows(compute, output_scale_, hidden);
}

}  // namespace estoc
