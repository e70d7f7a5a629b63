#include "layers/mlp.h"

#include <cmath>
#include <string>

#include "ops/elementwise.h"

namespace estoc {

GatedMlp::GatedMlp(LoadContext& load, const GatedMlpSpec& spec, int hidden)
    : activation_(spec.activation),
      gate_scale_(spec.gate_scale),
      gate_(load, spec.gate, spec.width, hidden),
      up_(load, spec.up, spec.width, hidden),
      down_(load, spec.down, hidden, spec.width) {}

void GatedMlp::forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const {
  const LinearOutput wide[] = {{&gate_, &work.gate}, {&up_, &work.up}};
  estoc::forward(compute, work.normed, wide, work.decoded);
  if (gate_scale_ != 1) scale_rows(compute, gate_scale_, work.gate);
  activate(compute, activation_, work.gate, &work.up, work.activated, down_.reads(compute, work.gate.count()));
  const LinearOutput output{&down_, out.rows, out.is_added};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

RowForm GatedMlp::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&gate_, &up_});
}

namespace {

float load_number(LoadContext& load, const std::string& name) {
  const WeightTensor* tensor = load.source.find(name);
  if (tensor == nullptr || tensor->element_count() != 1) return load_vector(load, name, 1).front();  // says what it is
  float value = 0;
  load.require(name, tensor->shape).decode_row(0, &value);
  return value;
}

// Files have the logarithms of exp(alpha) - 1, the second without beta.
std::optional<Xielu> load_xielu(LoadContext& load, const PlainMlpSpec& spec) {
  std::array<float, 4> numbers = spec.xielu_numbers.value_or(std::array<float, 4>());
  if (!spec.xielu.empty()) {
    constexpr const char* kParts[] = {".alpha_p", ".alpha_n", ".beta", ".eps"};
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = load_number(load, spec.xielu + kParts[i]);
  } else if (!spec.xielu_numbers) {
    return std::nullopt;
  }
  const auto softplus = [](float number) { return std::log1p(std::exp(number)); };
  return Xielu{.alpha_p = softplus(numbers[0]),
               .alpha_n = numbers[2] + softplus(numbers[1]),
               .beta = numbers[2],
               .epsilon = numbers[3]};
}

}  // namespace

PlainMlp::PlainMlp(LoadContext& load, const PlainMlpSpec& spec, int hidden)
    : activation_(spec.activation),
      xielu_(load_xielu(load, spec)),
      up_(load, spec.up, spec.width, hidden),
      down_(load, spec.down, hidden, spec.width) {}

void PlainMlp::forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const {
  // The activation adds the bias on its way.
  const LinearOutput wide{.linear = &up_, .out = &work.up, .leaves_bias = !xielu_};
  estoc::forward(compute, work.normed, {&wide, 1}, work.decoded);
  const RowForm form = down_.reads(compute, work.up.count());
  if (xielu_) {
    xielu(compute, *xielu_, work.up, work.activated, form);
  } else {
    activate(compute, activation_, work.up, nullptr, work.activated, form, up_.bias());
  }
  const LinearOutput output{&down_, out.rows, out.is_added};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

}  // namespace estoc
