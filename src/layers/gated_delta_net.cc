#include "layers/gated_delta_net.h"

#include <cmath>

#include "layers/cpu_scratch.h"
#include "layers/norm.h"
#include "ops/gated_norm.h"

namespace estoc {
namespace {

// Stored [columns][1][width], by GGUF without the one; computed with column by column.
std::vector<float> load_taps(LoadContext& load, const std::string& name, int64_t columns, int64_t width) {
  const WeightTensor* const found = load.source.find(name);
  const bool is_flat = found != nullptr && found->shape.size() == 2;
  const int64_t flat[] = {columns, width}, deep[] = {columns, 1, width};
  const WeightTensor& tensor = is_flat ? load.require(name, flat) : load.require(name, deep);
  std::vector<float> row(static_cast<size_t>(width)), taps(static_cast<size_t>(width * columns));
  for (int64_t c = 0; c < columns; ++c) {
    tensor.decode_row(c, row.data());
    for (int64_t k = 0; k < width; ++k) taps[static_cast<size_t>(k * columns + c)] = row[static_cast<size_t>(k)];
  }
  load.took(tensor.bytes.size());
  return taps;
}

std::vector<float> load_decay_rate(LoadContext& load, const GatedDeltaSpec& spec) {
  std::vector<float> rate = load_vector(load, spec.decay_rate, spec.value_heads);
  for (float& value : rate) value = spec.is_rate_negated ? -value : std::exp(value);
  return rate;
}

}  // namespace

DeltaNetShape shape_of(const GatedDeltaSpec& spec) {
  return {.key_heads = spec.key_heads,
          .value_heads = spec.value_heads,
          .are_heads_in_turn = spec.are_heads_in_turn,
          .key_dim = spec.key_dim,
          .value_dim = spec.value_dim,
          .conv_width = spec.conv_width};
}

DeltaNetBuffers::DeltaNetBuffers(const DeltaNetShape& shape, int rows_max)
    : q(rows_max, shape.key_columns()),
      k(rows_max, shape.key_columns()),
      v(rows_max, shape.value_columns()),
      z(rows_max, shape.value_columns()),
      a(rows_max, shape.value_heads),
      b(rows_max, shape.value_heads),
      gated(rows_max, shape.value_columns()) {}

GatedDeltaNet::GatedDeltaNet(LoadContext& load, const GatedDeltaSpec& spec, int hidden, int layer)
    : layer_(layer),
      shape_(shape_of(spec)),
      q_(load, spec.q, shape_.key_columns(), hidden),
      k_(load, spec.k, shape_.key_columns(), hidden),
      v_(load, spec.v, shape_.value_columns(), hidden),
      z_(load, spec.z, shape_.value_columns(), hidden),
      a_(load, spec.a, spec.value_heads, hidden),
      b_(load, spec.b, spec.value_heads, hidden),
      out_(load, spec.output, hidden, shape_.value_columns()),
      taps_(load_taps(load, spec.conv, shape_.conv_columns(), spec.conv_width)),
      query_scale_(static_cast<size_t>(spec.key_dim), 1 / static_cast<float>(spec.key_dim)),
      key_scale_(static_cast<size_t>(spec.key_dim), 1 / std::sqrt(static_cast<float>(spec.key_dim))),
      decay_rate_(load_decay_rate(load, spec)),
      decay_bias_(load_vector(load, spec.decay_bias, spec.value_heads)),
      norm_(load_norm_weight(load, spec.norm, std::vector<int64_t>{spec.value_dim})),
      norm_epsilon_(spec.norm.epsilon) {}

void GatedDeltaNet::forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
                            const PartOutput& out, const SampledRows* wanted) const {
  DeltaNetBuffers& rows = *work.delta_net;
  const LinearOutput projections[] = {{&q_, &rows.q}, {&k_, &rows.k}, {&v_, &rows.v},
                                      {&a_, &rows.a}, {&b_, &rows.b}, {&z_, &rows.z}};
  estoc::forward(compute, work.normed, std::span(projections).first(wanted == nullptr ? 6 : 5), work.decoded);
  delta_net(compute, batch, states, layer_, shape_, {taps_, query_scale_, key_scale_, decay_rate_, decay_bias_},
            {&rows.q, &rows.k, &rows.v, &rows.a, &rows.b});
  if (wanted != nullptr) {
    wanted->pick(rows.v);
    wanted->pick(work.normed);
    estoc::forward(compute, work.normed, std::span(projections).last(1), work.decoded);
  }
  gated_norm(compute, rows.v, rows.z, 0, {.weight = norm_, .group = shape_.value_dim, .epsilon = norm_epsilon_},
             rows.gated, out_.reads(compute, rows.v.count()));
  const LinearOutput output{&out_, out.rows, out.is_added};
  estoc::forward(compute, rows.gated, {&output, 1}, work.decoded);
}

RowForm GatedDeltaNet::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&q_, &k_, &v_, &z_, &a_, &b_});
}

}  // namespace estoc
