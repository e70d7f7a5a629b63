#include "layers/per_layer_inputs.h"

#include <cmath>
#include <numbers>

#include "layers/norm.h"
#include "ops/elementwise.h"

namespace estoc {
namespace {

const WeightTensor& require_table(LoadContext& load, const DecoderSpec& decoder) {
  const PerLayerInputSpec& spec = *decoder.per_layer_input;
  const int64_t shape[] = {spec.vocab, static_cast<int64_t>(decoder.layers.size()) * spec.width};
  return load.require(spec.table + ".weight", shape);
}

MatrixSpec projection_of(const DecoderSpec& decoder, int first) {
  const PerLayerInputSpec& spec = *decoder.per_layer_input;
  return {.name = spec.projection,
          .first_row = int64_t{first} * spec.width,
          .tensor_rows = static_cast<int64_t>(decoder.layers.size()) * spec.width};
}

}  // namespace

PerLayerInputs::PerLayerInputs(LoadContext& load, const DecoderSpec& decoder, int first, int end)
    : embedding_(load, std::string(load.naming.embedding), decoder),
      table_(require_table(load, decoder)),
      projection_(load, projection_of(decoder, first), int64_t{end - first} * decoder.per_layer_input->width,
                  decoder.hidden),
      norm_(load_norm_weight(load, decoder.per_layer_input->norm, {{decoder.per_layer_input->width}})),
      epsilon_(decoder.per_layer_input->norm.epsilon),
      projection_scale_(1 / std::sqrt(static_cast<float>(decoder.hidden))),
      width_(decoder.per_layer_input->width),
      first_column_(first * width_),
      table_columns_(table_.columns()) {}

void PerLayerInputs::forward(const Compute& compute, const Batch& batch, const DecodeScratch& scratch, Rows& embedded,
                             Rows& out) const {
  embedding_.forward(batch, embedded);
  const LinearOutput projected{&projection_, &out};
  estoc::forward(compute, embedded, {&projected, 1}, scratch);
  scale_rows(compute, projection_scale_, out);
  const float table_scale = std::sqrt(static_cast<float>(width_));
  const auto vocab = static_cast<TokenId>(table_.rows());
  compute.team.parallel_for(out.count(), 1, [&](int64_t begin, int64_t end, int) {
    std::vector<float> own(static_cast<size_t>(table_columns_));
    for (int64_t r = begin; r < end; ++r) {
      // Tokens beyond the table, which mark images, have what the first has.
      const TokenId token = batch.tokens[static_cast<size_t>(r)];
      table_.decode_row(token < vocab ? token : 0, own.data());
      float* const row = out.row(r);
      for (int64_t at = 0; at < out.columns(); at += width_) {
        compute.kernels.rms_norm(row + at, norm_.data(), epsilon_, width_, row + at);
        for (int64_t c = at; c < at + width_; ++c) {
          row[c] = (row[c] + table_scale * own[static_cast<size_t>(first_column_ + c)]) / std::numbers::sqrt2_v<float>;
        }
      }
    }
  });
}

LayerInput::LayerInput(LoadContext& load, const LayerInputSpec& spec, int hidden, int width)
    : activation_(spec.activation),
      epsilon_(spec.norm.epsilon),
      norm_(load_norm_weight(load, spec.norm, {{hidden}})),
      gate_(load, spec.gate, width, hidden),
      projection_(load, spec.projection, hidden, width) {}

void LayerInput::forward(const Compute& compute, const Rows& inputs, int64_t column, const DecodeScratch& scratch,
                         Rows& hidden, Rows& gated, Rows& part) const {
  const LinearOutput gate{&gate_, &gated};
  estoc::forward(compute, hidden, {&gate, 1}, scratch);
  gated.touch();
  for (int64_t r = 0; r < gated.count(); ++r) {
    compute.kernels.activate(activation_, gated.row(r), inputs.row(r) + column, gated.columns(), gated.row(r));
  }
  const LinearOutput projected{&projection_, &part};
  estoc::forward(compute, gated, {&projected, 1}, scratch);
  rms_norm(compute, part, norm_, epsilon_, part);
}

}  // namespace estoc
