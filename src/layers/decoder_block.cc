#include "layers/decoder_block.h"

#include "ops/elementwise.h"
#include "ops/short_conv.h"

namespace estoc {

RmsNorm::RmsNorm(LoadContext& load, const RmsNormSpec& spec, int64_t columns)
    : epsilon_(spec.epsilon), weight_(load_vector(load, spec.name + ".weight", columns)) {}

void RmsNorm::forward(const Compute& compute, const Rows& x, Rows& out, RowForm form) const {
  rms_norm(compute, x, weight_, epsilon_, out, form);
}

Attention::Attention(LoadContext& load, const AttentionSpec& spec, int hidden, int layer, int group)
    : spec_(spec),
      layer_(layer),
      group_(group),
      q_(load, spec.name + ".q_proj", int64_t{spec.heads} * spec.head_dim, hidden),
      k_(load, spec.name + ".k_proj", int64_t{spec.kv_heads} * spec.head_dim, hidden),
      v_(load, spec.name + ".v_proj", int64_t{spec.kv_heads} * spec.head_dim, hidden),
      o_(load, spec.name + "." + spec.output, hidden, int64_t{spec.heads} * spec.head_dim) {
  if (spec.q_norm) q_norm_ = load_vector(load, spec.q_norm->name + ".weight", spec.head_dim);
  if (spec.k_norm) k_norm_ = load_vector(load, spec.k_norm->name + ".weight", spec.head_dim);
}

void Attention::forward(const Compute& compute, const Batch&, StateStorage& kv, CpuScratch& work, Rows& hidden,
                        const SampledRows* wanted) const {
  const LinearOutput projections[] = {{&k_, &work.k}, {&v_, &work.v}, {&q_, &work.q}};
  estoc::forward(compute, work.normed, std::span(projections).first(wanted == nullptr ? 3 : 2), work.decoded);
  const int half = spec_.head_dim / 2;
  RowAngles& angles = work.angles[static_cast<size_t>(spec_.rope)];
  const HeadRows heads[] = {{&work.k, k_norm_}, {&work.q, q_norm_}};
  const auto turn = [&](std::span<const HeadRows> parts) {
    const float epsilon = spec_.q_norm ? spec_.q_norm->epsilon : 0;
    turn_heads(compute, parts, spec_.head_dim, epsilon, angles.cos.data(), angles.sin.data(), half);
  };
  turn(std::span(heads).first(wanted == nullptr ? 2 : 1));
  AttentionPlan& plan = work.plans[static_cast<size_t>(group_)];
  write_kv(compute, plan, kv, layer_, work.k, work.v);
  if (wanted != nullptr) {
    wanted->pick(hidden);
    wanted->pick(work.normed);
    wanted->pick(angles.cos, half);
    wanted->pick(angles.sin, half);
    plan.prepare(wanted->batch());
    estoc::forward(compute, work.normed, std::span(projections).last(1), work.decoded);
    turn(std::span(heads).last(1));
  }
  attention(compute, plan, kv, layer_, {.heads = spec_.heads, .scale = spec_.scale, .window = spec_.window}, work.q,
            work.q);
  const LinearOutput output{&o_, &hidden, true};
  estoc::forward(compute, work.q, {&output, 1}, work.decoded);
}

RowForm Attention::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&q_, &k_, &v_});
}

ShortConv::ShortConv(LoadContext& load, const ShortConvSpec& spec, int hidden, int layer)
    : layer_(layer),
      width_(spec.width),
      in_(load, spec.name + ".in_proj", 3 * int64_t{hidden}, hidden),
      out_(load, spec.name + ".out_proj", hidden, hidden) {
  // Stored [hidden][1][width]; computed with column by column.
  const int64_t shape[] = {hidden, 1, width_};
  const WeightTensor& tensor = load.require(spec.name + ".conv.weight", shape);
  const auto columns = static_cast<size_t>(hidden), width = static_cast<size_t>(width_);
  std::vector<float> row(width);
  taps_.resize(width * columns);
  for (size_t c = 0; c < columns; ++c) {
    tensor.decode_row(static_cast<int64_t>(c), row.data());
    for (size_t k = 0; k < width; ++k) taps_[k * columns + c] = row[k];
  }
  load.took(tensor.bytes.size());
  if (load.source.find(spec.name + ".conv.bias") != nullptr) {
    bias_ = load_vector(load, spec.name + ".conv.bias", hidden);
  }
}

void ShortConv::forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
                        Rows& hidden, const SampledRows* wanted) const {
  const LinearOutput in{&in_, &*work.conv_in};
  estoc::forward(compute, work.normed, {&in, 1}, work.decoded);
  short_conv(compute, batch, states, layer_, *work.conv_in, {taps_, bias_, width_}, *work.conv_out);
  if (wanted != nullptr) {
    wanted->pick(hidden);
    wanted->pick(*work.conv_out);
  }
  const LinearOutput out{&out_, &hidden, true};
  estoc::forward(compute, *work.conv_out, {&out, 1}, work.decoded);
}

GatedMlp::GatedMlp(LoadContext& load, const GatedMlpSpec& spec, int hidden)
    : gate_(load, spec.name + "." + spec.gate, spec.width, hidden),
      up_(load, spec.name + "." + spec.up, spec.width, hidden),
      down_(load, spec.name + "." + spec.down, hidden, spec.width) {}

void GatedMlp::forward(const Compute& compute, CpuScratch& work, Rows& hidden) const {
  const LinearOutput wide[] = {{&gate_, &work.gate}, {&up_, &work.up}};
  estoc::forward(compute, work.normed, wide, work.decoded);
  silu_mul(compute, work.gate, work.up, work.activated, down_.reads(compute, work.gate.count()));
  const LinearOutput output{&down_, &hidden, true};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

RowForm GatedMlp::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&gate_, &up_});
}

namespace {

using Mixer = std::variant<Attention, ShortConv>;

Mixer make_mixer(LoadContext& load, const LayerSpec& spec, int hidden, int layer, int group) {
  if (const auto* conv = std::get_if<ShortConvSpec>(&spec.mixer)) {
    return Mixer(std::in_place_type<ShortConv>, load, *conv, hidden, layer);
  }
  return Mixer(std::in_place_type<Attention>, load, std::get<AttentionSpec>(spec.mixer), hidden, layer, group);
}

}  // namespace

DecoderBlock::DecoderBlock(LoadContext& load, const LayerSpec& spec, int hidden, int layer, int group)
    : input_norm_(load, spec.input_norm, hidden),
      mixer_(make_mixer(load, spec, hidden, layer, group)),
      mlp_norm_(load, spec.mlp_norm, hidden),
      mlp_(load, std::get<GatedMlpSpec>(spec.mlp), hidden) {}

void DecoderBlock::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work, Rows& hidden,
                           const SampledRows* wanted) const {
  work.normed.reset(hidden.count());
  // Rows can be picked from values only.
  const auto reads = [&](const auto& mixer) { return mixer.reads(compute, hidden.count()); };
  const RowForm form = wanted == nullptr ? std::visit(reads, mixer_) : RowForm::values;
  input_norm_.forward(compute, hidden, work.normed, form);
  std::visit([&](const auto& mixer) { mixer.forward(compute, batch, kv, work, hidden, wanted); }, mixer_);
  work.normed.reset(hidden.count());
  mlp_norm_.forward(compute, hidden, work.normed, mlp_.reads(compute, hidden.count()));
  mlp_.forward(compute, work, hidden);
}

}  // namespace estoc
