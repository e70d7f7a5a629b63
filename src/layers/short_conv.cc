#include "layers/short_conv.h"

#include "ops/short_conv.h"

namespace estoc {

ShortConv::ShortConv(LoadContext& load, const ShortConvSpec& spec, int hidden, int layer)
    : layer_(layer),
      width_(spec.width),
      in_(load, spec.name + ".in_proj", 3 * int64_t{hidden}, hidden),
      out_(load, spec.name + ".out_proj", hidden, hidden) {
  // Stored [hidden][1][width], or without the 1; computed with column by column.
  const int64_t shape[] = {hidden, 1, width_}, squeezed[] = {hidden, width_};
  const std::string name = spec.name + ".conv.weight";
  const WeightTensor* const found = load.source.find(name);
  const bool is_squeezed = found != nullptr && found->shape.size() == 2;
  const WeightTensor& tensor = is_squeezed ? load.require(name, squeezed) : load.require(name, shape);
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
                        const PartOutput& result, const SampledRows* wanted) const {
  const LinearOutput in{&in_, &*work.conv_in};
  estoc::forward(compute, work.normed, {&in, 1}, work.decoded);
  short_conv(compute, batch, states, layer_, *work.conv_in, {taps_, bias_, width_}, *work.conv_out);
  if (wanted != nullptr) wanted->pick(*work.conv_out);
  const LinearOutput out{&out_, result.rows, result.is_added};
  estoc::forward(compute, *work.conv_out, {&out, 1}, work.decoded);
}

}  // namespace estoc
