// What a device has of latent attention (gpu_weight_plan.h).
#include <algorithm>

#include "gpu_layers/gpu_plan_parts.h"
#include "gpu_layers/gpu_weight_plan.h"
#include "quant/format.h"

namespace estoc {
namespace {

gpu::LatentShape shape_of(const LatentAttentionSpec& spec) {
  return {.heads = spec.heads,
          .query_rank = spec.q_rank,
          .latent_dim = spec.latent_dim,
          .turned_dim = spec.rope_dim,
          .key_dim = spec.key_dim,
          .value_dim = spec.value_dim};
}

void refuse_sizes(const LatentAttentionSpec& spec) {
  if (spec.latent_dim > gpu::kLatentDimMax || spec.latent_dim % 64 != 0) {
    refuse_on_device(spec.name, "keeps latents not of a multiple of 64 up to 512");
  }
  if (spec.rope_dim > gpu::kLatentTurnedMax || spec.rope_dim % 32 != 0 || spec.value_dim % 2 != 0) {
    refuse_on_device(spec.name, "turns parts of heads not of a multiple of 32 up to 64, or has odd values");
  }
}

// Matrices of heads: rows of keys, with rows for columns or not, and rows of values.
struct HeadMatrices {
  MatrixView keys, values;
  int64_t key_rows, key_step;  // of a head, from one to the next
  int64_t first_value, value_rows, value_step;
  bool are_keys_turned;

  MatrixView keys_of(int64_t head) const { return keys.slice_rows(head * key_step, key_rows); }
  MatrixView values_of(int64_t head) const { return values.slice_rows(first_value + head * value_step, value_rows); }
};

HeadMatrices find_heads(const WeightSource& source, const LatentAttentionSpec& spec) {
  const int64_t heads = spec.heads;
  if (const std::string split = spec.name + ".k_b_proj.weight"; source.find(split) != nullptr) {
    const int64_t of_keys[] = {heads, spec.latent_dim, spec.key_dim};
    const int64_t of_values[] = {heads, spec.value_dim, spec.latent_dim};
    return {.keys = MatrixView(source.require(split, of_keys)),
            .values = MatrixView(source.require(spec.name + ".v_b_proj.weight", of_values)),
            .key_rows = spec.latent_dim,
            .key_step = spec.latent_dim,
            .first_value = 0,
            .value_rows = spec.value_dim,
            .value_step = spec.value_dim,
            .are_keys_turned = true};
  }
  const int64_t both = int64_t{spec.key_dim} + spec.value_dim;
  const MatrixView all =
      matrix_without_bias(source, {.name = spec.name + ".kv_b_proj"}, static_cast<int>(heads * both), spec.latent_dim);
  return {.keys = all,
          .values = all,
          .key_rows = spec.key_dim,
          .key_step = both,
          .first_value = spec.key_dim,
          .value_rows = spec.value_dim,
          .value_step = both,
          .are_keys_turned = false};
}

// Blocks along a row cannot be turned: they are rounded anew, as on CPUs.
const QuantFormat& turned_format(const MatrixView& keys) {
  return keys.format().block_count == 1 ? keys.format() : *find_format("q8_0");
}

}  // namespace

// A matrix a head, as far apart as the first two.
void GpuWeightPlan::place_latent_heads(const WeightSource& source, const LatentAttentionSpec& spec, GpuLatent& to) {
  const HeadMatrices all = find_heads(source, spec);
  const auto place_all = [&](GpuMatrix& first, size_t& stride, auto&& place_head) {
    for (int head = 0; head < spec.heads; ++head) {
      const GpuMatrix placed = place_head(int64_t{head});
      if (head == 0) first = placed;
      stride = (placed.at - first.at) / static_cast<size_t>(std::max(head, 1));
    }
  };
  place_all(to.keys, to.key_stride, [&](int64_t head) {
    return all.are_keys_turned ? place({{all.keys_of(head)}}, false)
                               : place_turned({all.keys_of(head)}, turned_format(all.keys));
  });
  place_all(to.values, to.value_stride, [&](int64_t head) { return place({{all.values_of(head)}}, false); });
}

// One vector for both projections; zeros for one that has none.
void GpuWeightPlan::place_latent_biases(const WeightSource& source, const std::string& first_of_queries,
                                        const LatentAttentionSpec& spec, GpuLatent& own, GpuMixer& to) {
  const int queries = gpu::latent_query_columns(own.shape), kept = gpu::latent_kept(own.shape);
  const std::string of_queries = first_of_queries + ".bias", of_latents = spec.name + ".kv_a_proj_with_mqa.bias";
  const bool has_first = source.find(of_queries) != nullptr, has_latents = source.find(of_latents) != nullptr;
  if (has_first != has_latents && spec.q_rank > 0) refuse_on_device(spec.name, "has a bias of some of its projections");
  if (has_first != has_latents) refuse_on_device(spec.name, "has biases, but not of queries and latents alike");
  if (!has_first) return;
  const int64_t first_shape[] = {queries}, latent_shape[] = {kept};
  to.projection_bias = reserve(queries + kept);
  place_some(source.require(of_queries, first_shape), *to.projection_bias, queries, [](int64_t i) { return i; });
  place_some(source.require(of_latents, latent_shape), *to.projection_bias + static_cast<size_t>(queries), kept,
             [](int64_t i) { return i; });
}

GpuLatent GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec& decoder, const LatentAttentionSpec& spec,
                              GpuMixer& to) {
  refuse_sizes(spec);
  if (turned_dim != 0 && turned_dim != spec.rope_dim) {
    refuse_on_device(spec.name, "turns another number of dimensions than the layers before");
  }
  turned_dim = spec.rope_dim;
  GpuLatent own{.shape = shape_of(spec),
                .epsilon = spec.epsilon,
                .scale = spec.scale,
                .rope = spec.rope,
                .is_interleaved = decoder.ropes[static_cast<size_t>(spec.rope)].is_interleaved,
                .growth = spec.position_growth,
                .period = spec.position_period};
  const int queries = spec.heads * gpu::latent_query_dim(own.shape), kept = gpu::latent_kept(own.shape);
  const MatrixSpec first{.name = spec.name + (spec.q_rank > 0 ? ".q_a_proj" : ".q_proj")};
  const MatrixSpec latents{.name = spec.name + ".kv_a_proj_with_mqa"};
  place_projections({{matrix_of(source, first, gpu::latent_query_columns(own.shape), hidden)},
                     {matrix_of(source, latents, kept, hidden)}},
                    to);
  place_latent_biases(source, first.name, spec, own, to);
  if (spec.q_rank > 0) {
    const MatrixSpec all{.name = spec.name + ".q_b_proj"};
    own.queries = place({{matrix_of(source, all, queries, spec.q_rank)}}, false);
    own.query_bias = place_bias(source, all, queries);
    own.query_norm = place(source, NormSpec{.name = spec.name + ".q_a_layernorm"}, spec.q_rank);
  }
  own.latent_norm = place(source, NormSpec{.name = spec.name + ".kv_a_layernorm"}, spec.latent_dim);
  place_latent_heads(source, spec, own);
  const MatrixSpec output{.name = spec.name + ".o_proj"};
  to.output = place({{matrix_of(source, output, hidden, spec.heads * spec.value_dim)}}, false);
  to.output_bias = place_bias(source, output, hidden);
  return own;
}

}  // namespace estoc
