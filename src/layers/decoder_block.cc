#include "layers/decoder_block.h"

#include <type_traits>

#include "ops/elementwise.h"

namespace estoc {
namespace {

std::optional<Norm> make_norm(LoadContext& load, const std::optional<NormSpec>& spec, int hidden) {
  if (!spec) return std::nullopt;
  return Norm(load, *spec, hidden);
}

}  // namespace

DecoderBlock::Mixer DecoderBlock::make_mixer(LoadContext& load, const DecoderSpec& decoder, int layer, int group) {
  const MixerSpec& spec = decoder.layers[static_cast<size_t>(layer)].mixer;
  if (const auto* conv = std::get_if<ShortConvSpec>(&spec)) {
    return Mixer(std::in_place_type<ShortConv>, load, *conv, decoder.hidden, layer);
  }
  if (const auto* delta = std::get_if<GatedDeltaSpec>(&spec)) {
    return Mixer(std::in_place_type<GatedDeltaNet>, load, *delta, decoder.hidden, layer);
  }
  const auto& attention = std::get<AttentionSpec>(spec);
  if (attention.kv_layer != AttentionSpec::kOwnKv) layer = attention.kv_layer;
  const RopeSpec* const rope =
      attention.rope == AttentionSpec::kNoRope ? nullptr : &decoder.ropes[static_cast<size_t>(attention.rope)];
  return Mixer(std::in_place_type<Attention>, load, attention, rope, decoder.hidden, layer, group);
}

DecoderBlock::Mlp DecoderBlock::make_mlp(LoadContext& load, const MlpSpec& spec, int hidden) {
  if (const auto* gated = std::get_if<GatedMlpSpec>(&spec)) {
    return Mlp(std::in_place_type<GatedMlp>, load, *gated, hidden);
  }
  if (const auto* plain = std::get_if<PlainMlpSpec>(&spec)) {
    return Mlp(std::in_place_type<PlainMlp>, load, *plain, hidden);
  }
  return {};
}

DecoderBlock::DecoderBlock(LoadContext& load, const DecoderSpec& decoder, int first, int layer, int group)
    : DecoderBlock(load, decoder, decoder.layers[static_cast<size_t>(layer)], first, layer, group) {}

DecoderBlock::DecoderBlock(LoadContext& load, const DecoderSpec& decoder, const LayerSpec& spec, int first, int layer,
                           int group)
    : is_parallel_(spec.is_parallel),
      residual_scale_(spec.residual_scale),
      input_norm_(make_norm(load, spec.input_norm, decoder.hidden)),
      mixer_(make_mixer(load, decoder, layer, group)),
      mixer_output_norm_(make_norm(load, spec.mixer_output_norm, decoder.hidden)),
      mlp_norm_(make_norm(load, spec.mlp_norm, decoder.hidden)),
      mlp_(make_mlp(load, spec.mlp, decoder.hidden)),
      mlp_output_norm_(make_norm(load, spec.mlp_output_norm, decoder.hidden)),
      input_column_(spec.input ? int64_t{layer - first} * decoder.per_layer_input->width : 0) {
  if (spec.input) input_.emplace(load, *spec.input, decoder.hidden, decoder.per_layer_input->width);
  if (!spec.output_scale.empty()) output_scale_ = load_vector(load, spec.output_scale, 1).front();
}

template <typename Part>
void DecoderBlock::add_part(const Compute& compute, const std::optional<Norm>& output_norm, CpuScratch& work,
                            Rows& hidden, Part&& part) const {
  if (!output_norm && residual_scale_ == 1) return part(PartOutput{&hidden, true});
  part(PartOutput{&work.part, false});
  if (output_norm) output_norm->forward(compute, work.part, work.part);
  add_scaled(compute, residual_scale_, work.part, hidden);
}

template <typename Part>
void DecoderBlock::prepare(const Compute& compute, const std::optional<Norm>& norm, const Part& part,
                           const Rows& hidden, bool are_values_wanted, Rows& normed) {
  if (!norm) return copy_rows(compute, hidden, normed);
  normed.reset(hidden.count());
  norm->forward(compute, hidden, normed, are_values_wanted ? RowForm::values : part.reads(compute, hidden.count()));
}

void DecoderBlock::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
                           const SampledRows* wanted) const {
  const bool is_picked = wanted != nullptr;
  std::visit(
      [&](const auto& mixer) {
        prepare(compute, input_norm_, mixer, hidden, is_picked || is_parallel_, work.normed);
        if (is_parallel_) {
          if (mlp_norm_) {
            work.parallel->reset(hidden.count());
            mlp_norm_->forward(compute, hidden, *work.parallel);
          } else {
            copy_rows(compute, work.normed, *work.parallel);
          }
          if (is_picked) wanted->pick(*work.parallel);
        }
        if (is_picked) wanted->pick(hidden);
        if (is_picked && work.inputs) wanted->pick(work.inputs->all);
        add_part(compute, mixer_output_norm_, work, hidden,
                 [&](const PartOutput& out) { mixer.forward(compute, batch, kv, work, out, wanted); });
      },
      mixer_);
  std::visit(
      [&]<typename Part>(const Part& mlp) {
        if constexpr (!std::is_same_v<Part, std::monostate>) {
          if (is_parallel_) {
            copy_rows(compute, *work.parallel, work.normed);
          } else {
            prepare(compute, mlp_norm_, mlp, hidden, false, work.normed);
          }
          add_part(compute, mlp_output_norm_, work, hidden,
                   [&](const PartOutput& out) { mlp.forward(compute, work, out); });
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
