#include "layers/attention.h"

#include <cmath>
#include <span>

#include "layers/norm.h"
#include "ops/attention.h"

namespace estoc {
namespace {

// Queries and keys of adjacent pairs are computed with in halves: their rows are taken in that order, which no product
// of the two sees.
RowMap order_of(const AttentionSpec& spec, const RopeSpec* rope) {
  if (rope == nullptr || !rope->is_interleaved) return {};
  return RowMap::adjacent_pairs(spec.head_dim, 2 * static_cast<int64_t>(rope->frequencies.size()));
}

HeadNorm load_head_norm(LoadContext& load, const std::optional<NormSpec>& spec, const AttentionSpec& attention,
                        int heads, const RowMap& order) {
  if (!spec) return {};
  const int64_t own = int64_t{heads} * attention.head_dim;
  HeadNorm norm{.epsilon = spec->epsilon, .is_layer_norm = spec->kind == NormSpec::Kind::layer};
  norm.columns = attention.norm_span == HeadNormSpan::projection ? own : attention.head_dim;
  std::vector<int64_t> shape = {norm.columns};
  if (attention.norm_span == HeadNormSpan::head_own) shape = {heads, attention.head_dim};
  const std::vector<float> weight = load_norm_weight(load, *spec, shape);
  for (size_t i = 0; i < weight.size(); ++i) {
    norm.weight.push_back(weight[static_cast<size_t>(order.stored_row(static_cast<int64_t>(i)))]);
  }
  return norm;
}

}  // namespace

Attention::Attention(LoadContext& load, const AttentionSpec& spec, const RopeSpec* rope, int hidden, int layer,
                     int group)
    : spec_(spec),
      layer_(layer),
      group_(group),
      q_(load, spec.q, int64_t{spec.heads} * spec.head_dim, hidden, order_of(spec, rope)),
      k_(load, spec.k, int64_t{spec.kv_heads} * spec.head_dim, hidden, order_of(spec, rope)),
      v_(load, spec.v, int64_t{spec.kv_heads} * spec.head_dim, hidden),
      o_(load, spec.output, hidden, int64_t{spec.heads} * spec.head_dim),
      q_norm_(load_head_norm(load, spec.q_norm, spec, spec.heads, order_of(spec, rope))),
      k_norm_(load_head_norm(load, spec.k_norm, spec, spec.kv_heads, order_of(spec, rope))) {
  if (spec.v_norm_epsilon) {
    v_norm_ = {.weight = std::vector<float>(static_cast<size_t>(spec.head_dim), 1.0f),
               .columns = spec.head_dim,
               .epsilon = *spec.v_norm_epsilon};
  }
  if (!spec.sinks.empty()) sinks_ = load_vector(load, spec.sinks, spec.heads);
}

void Attention::turn(const Compute& compute, std::span<const HeadRows> parts, const RowAngles* angles) const {
  HeadAngles turns;
  if (angles != nullptr) turns = {angles->cos.data(), angles->sin.data(), angles->half};
  turn_heads(compute, parts, spec_.head_dim, turns, spec_.is_norm_last);
}

void Attention::scale_by_positions(const Batch& batch, Rows& q) const {
  q.touch();
  for (const BatchSequence& sequence : batch.sequences) {
    for (int r = 0; r < sequence.row_count; ++r) {
      const int periods = (sequence.position + r) / spec_.position_period;
      if (periods == 0) continue;
      const float scale = 1 + spec_.position_growth * std::log1p(static_cast<float>(periods));
      float* const row = q.row(sequence.first_row + r);
      for (int64_t c = 0; c < q.columns(); ++c) row[c] *= scale;
    }
  }
}

void Attention::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work,
                        const PartOutput& out, const SampledRows* wanted) const {
  const LinearOutput projections[] = {{&k_, &work.k}, {&v_, &work.v}, {&q_, &work.q}};
  estoc::forward(compute, work.normed, std::span(projections).first(wanted == nullptr ? 3 : 2), work.decoded);
  RowAngles* const angles =
      spec_.rope == AttentionSpec::kNoRope ? nullptr : &work.angles[static_cast<size_t>(spec_.rope)];
  const HeadRows heads[] = {{&work.k, &k_norm_}, {&work.q, &q_norm_}};
  if (angles != nullptr || spec_.q_norm || spec_.k_norm) {
    turn(compute, std::span(heads).first(wanted == nullptr ? 2 : 1), angles);
  }
  if (spec_.v_norm_epsilon) {
    const HeadRows values[] = {{&work.v, &v_norm_}};
    turn(compute, values, nullptr);
  }
  if (spec_.position_growth != 0 && wanted == nullptr) scale_by_positions(batch, work.q);
  AttentionPlan& plan = work.plans[static_cast<size_t>(group_)];
  write_kv(compute, plan, kv, layer_, work.k, work.v);
  if (wanted != nullptr) {
    wanted->pick(work.normed);
    if (angles != nullptr) {
      wanted->pick(angles->cos, angles->half);
      wanted->pick(angles->sin, angles->half);
    }
    plan.prepare(wanted->batch());
    estoc::forward(compute, work.normed, std::span(projections).last(1), work.decoded);
    turn(compute, std::span(heads).last(1), angles);
    if (spec_.position_growth != 0) scale_by_positions(wanted->batch(), work.q);
  }
  attention(compute, plan, kv, layer_,
            {.heads = spec_.heads,
             .scale = spec_.scale,
             .softcap = spec_.softcap,
             .window = spec_.window,
             .sinks = sinks_.empty() ? nullptr : sinks_.data()},
            work.q, work.q);
  const LinearOutput output{&o_, out.rows, out.is_added};
  estoc::forward(compute, work.q, {&output, 1}, work.decoded);
}

RowForm Attention::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&q_, &k_, &v_});
}

}  // namespace estoc
