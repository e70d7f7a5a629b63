#include <algorithm>

#include "gpu/source/argmax.h"
#include "gpu/source/embed.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

Check check_embed(const Device& device, const Module& module, WeightForm form, int columns, int rows, Random& random) {
  constexpr int kVocabulary = 50;
  const auto matrix = draw_matrix(random, form, kVocabulary, columns);
  const auto next_norm = draw_floats(random, columns);
  std::vector<uint32_t> ids(rows);
  for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % kVocabulary);
  Buffer weights = Buffer::of(device, matrix), norm = Buffer::of(device, next_norm), tokens = Buffer::of(device, ids);
  const size_t elements = static_cast<size_t>(rows) * columns;
  Buffer residual(device, elements * 4), next_inputs(device, elements * 2), next_squares(device, rows * 4);
  residual.fill(kPoison);
  next_squares.fill(kPoison);
  next_inputs.fill(kPoisonBf16);
  const EmbedArguments a{weights.as<u8>(),      tokens.as<u32>(),         norm.as<float>(), residual.as<float>(),
                         next_inputs.as<u16>(), next_squares.as<float>(), columns};
  launch(device, module.function(std::string("embed_") + form_name(form)), {.blocks = rows, .threads = kEmbedThreads},
         a);
  const auto x = residual.values<float>(), squares = next_squares.values<float>();
  const auto inputs = next_inputs.values<uint16_t>();
  ErrorSum exact, rounded;
  for (int row = 0; row < rows; ++row) {
    double sum = 0;
    for (int i = 0; i < columns; ++i) {
      const double value = matrix_value(matrix, form, columns, static_cast<int>(ids[row]), i);
      sum += value * value;
      exact.add(x[static_cast<size_t>(row) * columns + i], value);
      rounded.add(bf16_to_f32(inputs[static_cast<size_t>(row) * columns + i]), value * next_norm[i]);
    }
    exact.add(squares[row], sum);
  }
  const double error = exact.relative(), of_bf16 = rounded.relative() * 1e-3;
  return {std::string("embed_") + form_name(form), std::isnan(of_bf16) ? NAN : std::max(error, of_bf16), 5e-6};
}

Check check_argmax(const Device& device, const Module& module, int rows, int columns, int parts, Random& random) {
  auto values = draw_floats(random, static_cast<size_t>(rows) * columns);
  for (int row = 0; row < rows; ++row) {  // a tie, and what must never win
    const size_t begin = static_cast<size_t>(row) * columns;
    values[begin + random() % columns] = values[begin + random() % columns] = 9;
    values[begin] = NAN;
  }
  if (rows > 2) std::fill_n(values.end() - columns, columns, -INFINITY);  // and a row with nothing
  const size_t slots = static_cast<size_t>(rows) * parts;
  Buffer logits = Buffer::of(device, values), best(device, slots * 4), index(device, slots * 4),
         tokens(device, rows * 4);
  best.fill(kPoison);
  index.fill(kPoison);
  tokens.fill(kPoison);
  const ArgmaxArguments a{logits.as<float>(), best.as<float>(), index.as<u32>(), tokens.as<u32>(), columns, parts};
  launch(device, module.function("argmax_parts"), {.blocks = parts, .blocks_y = rows, .threads = kArgmaxThreads}, a);
  launch(device, module.function("argmax_rows"), {.blocks = rows, .threads = kArgmaxThreads}, a);
  const auto out = tokens.values<uint32_t>();
  int wrong = 0;
  for (int row = 0; row < rows; ++row) {
    const float* of_row = &values[static_cast<size_t>(row) * columns];
    uint32_t expected = 0xffffffff;
    for (int i = columns; i-- > 0;) {
      if (of_row[i] > -INFINITY && (expected == 0xffffffff || of_row[i] >= of_row[expected])) expected = i;
    }
    wrong += out[row] != expected;
  }
  return {"argmax " + std::to_string(rows) + " x " + std::to_string(columns), static_cast<double>(wrong), 0};
}

}  // namespace estoc::gpu
