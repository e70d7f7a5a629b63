#include "layers/norm.h"

#include "layers/linear.h"
#include "ops/elementwise.h"

namespace estoc {

std::vector<float> load_norm_weight(LoadContext& load, const NormSpec& spec, std::span<const int64_t> shape) {
  if (spec.name.empty()) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return std::vector<float>(static_cast<size_t>(count), 1.0f);
  }
  const WeightTensor& tensor = load.require(spec.name + ".weight", shape);
  std::vector<float> weight(static_cast<size_t>(tensor.element_count()));
  for (int64_t r = 0; r < tensor.rows(); ++r) tensor.decode_row(r, weight.data() + r * tensor.columns());
  load.took(tensor.bytes.size());
  for (float& value : weight) value += spec.weight_offset;
  return weight;
}

Norm::Norm(LoadContext& load, const NormSpec& spec, int64_t columns)
    : kind_(spec.kind), epsilon_(spec.epsilon), weight_(load_norm_weight(load, spec, {{columns}})) {
  const std::string bias = spec.name + ".bias";
  if (kind_ == NormSpec::Kind::layer && load.source.find(bias) != nullptr) bias_ = load_vector(load, bias, columns);
}

void Norm::forward(const Compute& compute, const Rows& x, Rows& out, RowForm form) const {
  if (kind_ == NormSpec::Kind::rms) return rms_norm(compute, x, weight_, epsilon_, out, form);
  layer_norm(compute, x, weight_, bias_, epsilon_, out, form);
}

}  // namespace estoc
