#include "layers/latent_attention.h"

#include <algorithm>
#include <array>
#include <utility>

#include "layers/cpu_scratch.h"
#include "ops/attention.h"
#include "ops/head_products.h"

namespace estoc {
namespace {

// The widest that `width` is of any.
template <typename Width>
int64_t widest(std::span<const LatentAttentionSpec* const> specs, Width&& width) {
  int64_t most = 1;
  for (const LatentAttentionSpec* spec : specs) most = std::max<int64_t>(most, width(*spec));
  return most;
}

int64_t gathered_columns(const LatentAttentionSpec& spec) { return std::max(spec.key_dim, spec.latent_dim); }

int64_t gathered_rows_max(std::span<const LatentAttentionSpec* const> specs, int rows_max) {
  return widest(specs, [&](const auto& spec) { return gathered_rows(rows_max, spec.heads); });
}

// One weight for all heads where their rows fill panels, else one each.
ExpertMatrix load_heads(LoadContext& load, const MatrixView& all, int heads) {
  const int64_t rows = all.rows() / heads;
  std::vector<Weight> weights;
  if (ExpertMatrix::fills_panels(rows)) {
    weights.push_back(load_weight(load, all));
  } else {
    for (int head = 0; head < heads; ++head) weights.push_back(load_weight(load, all.slice_rows(head * rows, rows)));
  }
  return {std::move(weights), heads};
}

// Keys' matrices with rows for columns. Blocks along a row cannot be turned: they are rounded anew, to 8 bits, which
// adds little to what formats of blocks have lost already; in exact mode they are decoded.
MatrixView turned_keys(const MatrixView& keys, const LatentAttentionSpec& spec, ComputeMode mode) {
  if (keys.format().block_count == 1) return keys.transposed(spec.heads);
  const QuantFormat* const q8_0 = find_format("q8_0");
  const bool is_rounded = mode == ComputeMode::fast && spec.key_dim % q8_0->block_count == 0;
  return keys.transposed(spec.heads, is_rounded ? q8_0 : &f32);
}

// `name`.k_b_proj.weight [heads, latent_dim, key_dim] (GGUF), or keys' rows of what expands latents, turned.
ExpertMatrix load_keys(LoadContext& load, const LatentAttentionSpec& spec) {
  const std::string split = spec.name + ".k_b_proj.weight";
  if (load.source.find(split) != nullptr) {
    const int64_t shape[] = {spec.heads, spec.latent_dim, spec.key_dim};
    return load_heads(load, MatrixView(load.require(split, shape)), spec.heads);
  }
  const int64_t both = int64_t{spec.key_dim} + spec.value_dim;
  const MatrixView all = load_matrix(load, spec.name + ".kv_b_proj", spec.heads * both, spec.latent_dim);
  const MatrixView keys = all.pick_rows(0, int64_t{spec.heads} * spec.key_dim, RowMap::groups(spec.key_dim, both));
  return load_heads(load, turned_keys(keys, spec, load.mode), spec.heads);
}

// `name`.v_b_proj.weight [heads, value_dim, latent_dim] (GGUF), or values' rows of what expands latents.
ExpertMatrix load_values(LoadContext& load, const LatentAttentionSpec& spec) {
  const std::string split = spec.name + ".v_b_proj.weight";
  if (load.source.find(split) != nullptr) {
    const int64_t shape[] = {spec.heads, spec.value_dim, spec.latent_dim};
    return load_heads(load, MatrixView(load.require(split, shape)), spec.heads);
  }
  const int64_t both = int64_t{spec.key_dim} + spec.value_dim;
  const MatrixView all = load_matrix(load, spec.name + ".kv_b_proj", spec.heads * both, spec.latent_dim);
  std::vector<Weight> weights;
  if (ExpertMatrix::fills_panels(spec.value_dim)) {
    weights.push_back(load_weight(
        load, all.pick_rows(spec.key_dim, int64_t{spec.heads} * spec.value_dim, RowMap::groups(spec.value_dim, both))));
  } else {
    for (int head = 0; head < spec.heads; ++head) {
      weights.push_back(load_weight(load, all.slice_rows(head * both + spec.key_dim, spec.value_dim)));
    }
  }
  return {std::move(weights), spec.heads};
}

MatrixSpec queries_of(const LatentAttentionSpec& spec) {
  return {.name = spec.name + (spec.q_rank > 0 ? ".q_b_proj" : ".q_proj")};
}

}  // namespace

LatentBuffers::LatentBuffers(std::span<const LatentAttentionSpec* const> specs, int rows_max)
    : compressed(rows_max, widest(specs, [](const auto& spec) { return spec.q_rank; })),
      q(rows_max, widest(specs, [](const auto& spec) { return spec.heads * (spec.key_dim + spec.rope_dim); })),
      latents(rows_max, widest(specs, [](const auto& spec) { return spec.kept(); })),
      absorbed(rows_max, widest(specs, [](const auto& spec) { return spec.heads * spec.kept(); })),
      gathered(gathered_rows_max(specs, rows_max), widest(specs, gathered_columns)),
      answer(rows_max, widest(specs, [](const auto& spec) { return spec.heads * spec.value_dim; })) {}

int64_t LatentBuffers::columns_max(std::span<const LatentAttentionSpec* const> specs) {
  return widest(specs, [](const LatentAttentionSpec& spec) {
    return std::max({gathered_columns(spec), int64_t{spec.q_rank}, int64_t{spec.heads} * spec.value_dim});
  });
}

LatentAttention::LatentAttention(LoadContext& load, const LatentAttentionSpec& spec, const RopeSpec& rope, int hidden,
                                 int layer, int group)
    : spec_(spec),
      layer_(layer),
      group_(group),
      is_interleaved_(rope.is_interleaved),
      q_(load, queries_of(spec), int64_t{spec.heads} * (spec.key_dim + spec.rope_dim),
         spec.q_rank > 0 ? spec.q_rank : hidden),
      kv_(load, spec.name + ".kv_a_proj_with_mqa", spec.kept(), hidden),
      o_(load, spec.name + ".o_proj", hidden, int64_t{spec.heads} * spec.value_dim),
      kv_norm_(load_norm_weight(load, {spec.name + ".kv_a_layernorm"}, {{spec.latent_dim}})),
      keys_(load_keys(load, spec)),
      values_(load_values(load, spec)) {
  if (spec.q_rank == 0) return;
  q_a_.emplace(load, spec.name + ".q_a_proj", spec.q_rank, hidden);
  q_norm_.emplace(load, NormSpec{spec.name + ".q_a_layernorm", spec.epsilon}, spec.q_rank);
}

void LatentAttention::forward(const Compute& compute, const Batch& batch, StateStorage& kv, CpuScratch& work,
                              const PartOutput& out, const SampledRows* wanted) const {
  LatentBuffers& rows = *work.latent;
  RowAngles& angles = work.angles[static_cast<size_t>(spec_.rope)];
  AttentionPlan& plan = work.plans[static_cast<size_t>(group_)];
  const auto turn = [&] { return PartTurn{{angles.cos.data(), angles.sin.data(), angles.half}, is_interleaved_}; };
  const LinearOutput projections[] = {{&kv_, &rows.latents}, {&first_of_queries(), q_a_ ? &rows.compressed : &rows.q}};
  estoc::forward(compute, work.normed, std::span(projections).first(wanted == nullptr ? 2 : 1), work.decoded);
  norm_latents(compute, kv_norm_, spec_.epsilon, turn(), rows.latents);
  write_kv(compute, plan, kv, layer_, rows.latents, nullptr);
  if (wanted != nullptr) {
    wanted->pick(work.normed);
    wanted->pick(angles.cos, angles.half);
    wanted->pick(angles.sin, angles.half);
    plan.prepare(wanted->batch());
    estoc::forward(compute, work.normed, std::span(projections).last(1), work.decoded);
  }
  if (q_a_) {
    q_norm_->forward(compute, rows.compressed, rows.compressed);
    const LinearOutput queries{&q_, &rows.q};
    estoc::forward(compute, rows.compressed, {&queries, 1}, work.decoded);
  }
  if (spec_.position_growth != 0) {
    grow_by_position(wanted == nullptr ? batch : wanted->batch(), spec_.position_growth, spec_.position_period, rows.q);
  }
  const int64_t own = int64_t{spec_.key_dim} + spec_.rope_dim, kept = spec_.kept();
  rows.absorbed.reset(rows.q.count(), spec_.heads * kept);
  multiply_heads(compute, keys_, spec_.heads, {&rows.q, own}, rows.gathered, work.decoded, {&rows.absorbed, kept});
  turn_parts(compute, spec_.heads, turn(), rows.q, {own, spec_.key_dim}, rows.absorbed, {kept, spec_.latent_dim});
  attention(compute, plan, kv, layer_, {.heads = spec_.heads, .scale = spec_.scale, .value_dim = spec_.latent_dim},
            rows.absorbed, rows.absorbed);
  rows.answer.reset(rows.q.count(), int64_t{spec_.heads} * spec_.value_dim);
  multiply_heads(compute, values_, spec_.heads, {&rows.absorbed, kept}, rows.gathered, work.decoded,
                 {&rows.answer, spec_.value_dim});
  const LinearOutput output{&o_, out.rows, out.is_added};
  estoc::forward(compute, rows.answer, {&output, 1}, work.decoded);
}

RowForm LatentAttention::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&kv_, &first_of_queries()});
}

}  // namespace estoc
