#include "layers/attention.h"

#include <algorithm>
#include <array>
#include <iterator>
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
  std::vector<float> weight;
  if (attention.norm_span == HeadNormSpan::head_own && load.source.find(spec->name + ".weight") == nullptr) {
    for (int head = 0; head < heads; ++head) {
      const std::string name = spec->name + ".norms." + std::to_string(head) + ".weight";
      std::ranges::copy(load_vector(load, name, attention.head_dim), std::back_inserter(weight));
    }
  } else {
    weight = load_norm_weight(load, *spec, shape);
  }
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
      o_(load, spec.output, hidden, int64_t{spec.heads} * spec.head_dim),
      q_norm_(load_head_norm(load, spec.q_norm, spec, spec.heads, order_of(spec, rope))),
      k_norm_(load_head_norm(load, spec.k_norm, spec, spec.kv_heads, order_of(spec, rope))) {
  const int64_t keys = int64_t{spec.kv_heads} * spec.head_dim;
  if (spec.kv_layer == AttentionSpec::kOwnKv) {
    k_.emplace(load, spec.k, keys, hidden, order_of(spec, rope));
    if (!spec.v.name.empty()) v_.emplace(load, spec.v, keys, hidden);
  }
  if (spec.gate) gate_.emplace(load, *spec.gate, int64_t{spec.heads} * spec.head_dim, hidden);
  if (spec.v_norm_epsilon) {
    v_norm_ = {.weight = std::vector<float>(static_cast<size_t>(spec.head_dim), 1.0f),
               .columns = spec.head_dim,
               .epsilon = *spec.v_norm_epsilon};
  }
  if (!spec.sinks.empty()) sinks_ = load_vector(load, spec.sinks, spec.heads);
}

void Attention::turn(const Compute& compute, std::span<const HeadRows> parts, const RowAngles* angles) const {
  if (angles == nullptr && parts[0].norm->weight.empty()) return;
  HeadAngles turns;
  if (angles != nullptr) turns = {angles->cos.data(), angles->sin.data(), angles->half};
  turn_heads(compute, parts, spec_.head_dim, turns, spec_.is_norm_last);
}

void Attention::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work,
                        const PartOutput& out, const SampledRows* wanted) const {
  LinearOutput projections[4] = {{&q_, &work.q}};
  size_t count = 1;
  if (gate_) projections[count++] = {&*gate_, &*work.q_gate};
  const size_t of_queries = count;
  if (k_) projections[count++] = {&*k_, &work.k};
  if (v_) projections[count++] = {&*v_, &work.v};
  const auto all = std::span<const LinearOutput>(projections).first(count);
  const auto project = [&](std::span<const LinearOutput> outputs) {
    estoc::forward(compute, work.normed, outputs, work.decoded);
    for (const LinearOutput& output : outputs) {
      if (spec_.clip > 0) clip_rows(compute, spec_.clip, *output.out);
    }
  };
  if (wanted == nullptr) {
    project(all);
  } else if (k_) {
    project(all.subspan(of_queries));
  }
  RowAngles* const angles =
      spec_.rope == AttentionSpec::kNoRope ? nullptr : &work.angles[static_cast<size_t>(spec_.rope)];
  AttentionPlan& plan = work.plans[static_cast<size_t>(group_)];
  if (k_) make_kv(compute, kv, work, angles);
  if (wanted != nullptr) {
    wanted->pick(work.normed);
    if (angles != nullptr) {
      wanted->pick(angles->cos, angles->half);
      wanted->pick(angles->sin, angles->half);
    }
    plan.prepare(wanted->batch());
    project(all.first(of_queries));
  }
  const HeadRows queries[] = {{&work.q, &q_norm_}};
  turn(compute, queries, angles);
  if (spec_.position_growth != 0) {
    grow_by_position(wanted == nullptr ? batch : wanted->batch(), spec_.position_growth, spec_.position_period, work.q);
  }
  attention(compute, plan, kv, layer_,
            {.heads = spec_.heads,
             .scale = spec_.scale,
             .softcap = spec_.softcap,
             .window = spec_.window,
             .sinks = sinks_.empty() ? nullptr : sinks_.data()},
            work.q, work.q);
  if (gate_) {
    activate(compute, Activation::sigmoid, *work.q_gate, &work.q, *work.gated, o_.reads(compute, work.q.count()));
  }
  const LinearOutput output{&o_, out.rows, out.is_added};
  estoc::forward(compute, gate_ ? *work.gated : work.q, {&output, 1}, work.decoded);
}

// Norms and turns the projected keys and values, and stores them.
void Attention::make_kv(const Compute& compute, StateStorage& kv, CpuScratch& work, const RowAngles* angles) const {
  if (!v_) copy_rows(compute, work.k, work.v);
  const HeadRows keys[] = {{&work.k, &k_norm_}}, values[] = {{&work.v, &v_norm_}};
  turn(compute, keys, angles);
  if (spec_.v_norm_epsilon) turn(compute, values, nullptr);
  write_kv(compute, work.plans[static_cast<size_t>(group_)], kv, layer_, work.k, &work.v);
}

RowForm Attention::reads(const Compute& compute, int64_t row_count) const {
  const Linear* const always = &q_;
  return form_of(compute, row_count, {always, k_ ? &*k_ : always, v_ ? &*v_ : always, gate_ ? &*gate_ : always});
}

}  // namespace estoc
