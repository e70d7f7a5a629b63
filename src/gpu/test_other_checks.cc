#include <algorithm>

#include "gpu/source/argmax.h"
#include "gpu/source/embed.h"
#include "gpu/source/repack.h"
#include "gpu/test_checks.h"
#include "quant/format.h"
#include "quant/k_affine.h"
#include "quant/plain.h"
#include "quant/q4.h"
#include "quant/q8.h"

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

Check check_repack(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random) {
  struct Format {
    const char* name;
    const QuantFormat& format;
    WeightForm form;
    double limit;
  };
  const Format formats[] = {{"bf16", bf16, WeightForm::bf16, 0},
                            {"q8_0", q8_0, WeightForm::codes8, 0},
                            {"q4_0", q4_0, WeightForm::codes4, 0},
                            {"q4_1", q4_1, WeightForm::codes4_min, 1e-7},
                            {"q4_k", q4_k, WeightForm::codes4_min, 1e-3}};  // scales rounded to f16
  for (const Format& f : formats) {
    if (name != f.name) continue;
    const size_t count = static_cast<size_t>(rows) * columns;
    const auto values = draw_floats(random, count, 0.5f);
    std::vector<std::byte> file(count / f.format.block_count * f.format.block_bytes);
    f.format.encode(values.data(), file.data(), static_cast<int64_t>(count));
    std::vector<float> decoded(count);
    f.format.decode(file.data(), decoded.data(), static_cast<int64_t>(count));
    Buffer source = Buffer::of(device, file), tiles(device, matrix_bytes(f.form, rows, columns));
    tiles.fill(kPoison);
    const long groups = static_cast<long>(tile_rows_of(rows)) * kTileRows * (columns / kGroupColumns);
    launch(device, module.function("repack_" + name),
           {.blocks = static_cast<int>((groups + kRepackThreads - 1) / kRepackThreads), .threads = kRepackThreads},
           RepackArguments{source.as<u8>(), tiles.as<u8>(), rows, columns});
    const auto out = tiles.values<uint8_t>();
    ErrorSum error;
    for (int row = 0; row < tile_rows_of(rows) * kTileRows; ++row) {  // rows that fill up the last tile are zero
      for (int i = 0; i < columns; ++i) {
        const double reference = row < rows ? decoded[static_cast<size_t>(row) * columns + i] : 0;
        error.add(matrix_value(out, f.form, columns, row, i), reference);
      }
    }
    return {"repack_" + name, error.relative(), f.limit};
  }
  return {"repack_" + name + ": no such format", NAN, 0};
}

}  // namespace estoc::gpu
