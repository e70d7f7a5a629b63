#include "gpu/trials/checks.h"

#include <cstring>

#include "gpu/source/rms_norm.h"
#include "quant/f8.h"

namespace estoc::gpu {

float draw_normal(Random& random) {
  uint64_t word = random();
  float sum = 0;  // of four uniform numbers: near enough, and the same with every standard library
  for (int i = 0; i < 4; ++i, word >>= 16) sum += static_cast<float>(word & 0xffff) * 0x1p-16f;
  return (sum - 2) * 1.7320508f;
}

std::vector<float> draw_floats(Random& random, size_t count, float scale) {
  std::vector<float> values(count);
  for (float& value : values) value = draw_normal(random) * scale;
  return values;
}

std::vector<uint16_t> draw_bf16(Random& random, size_t count, float scale) {
  std::vector<uint16_t> values(count);
  for (uint16_t& value : values) value = f32_to_bf16(draw_normal(random) * scale);
  return values;
}

double gate_value(double gate, bool is_gelu) {
  const double u = 0.7978845608028654 * (gate + 0.044715 * gate * gate * gate);
  return is_gelu ? 0.5 * gate * (1 + std::tanh(u)) : gate / (1 + std::exp(-gate));
}

void ErrorSum::add(double value, double reference) {
  difference_ += (value - reference) * (value - reference);
  reference_ += reference * reference;
}

const char* form_name(WeightForm form) {
  constexpr const char* kNames[] = {"bf16", "codes8", "codes4", "codes4_min", "f16", "codes8_min", "codes8_16", "f8"};
  return kNames[static_cast<int>(form)];
}

std::vector<uint8_t> draw_matrix(Random& random, WeightForm form, int rows, int columns) {
  std::vector<uint8_t> matrix(matrix_bytes(form, rows, columns));
  const int units = columns / kUnitColumns, code_bytes = unit_code_bytes(form), scale_bytes = unit_scale_bytes(form);
  const float scale = 1 / std::sqrt(static_cast<float>(columns));
  for (int tile = 0; tile < tile_rows_of(rows); ++tile) {
    uint8_t* codes = matrix.data() + tile * tile_row_bytes(form, columns);
    uint8_t* scales = codes + static_cast<long>(units) * code_bytes;
    for (long i = 0; i < static_cast<long>(units) * code_bytes; i += 8) {
      const uint64_t word = random();
      std::memcpy(codes + i, &word, 8);
    }
    for (long i = 0; is_plain(form) && i < static_cast<long>(units) * code_bytes; i += 2) {
      const float drawn = draw_normal(random) * scale;
      const uint16_t value = form == WeightForm::bf16 ? f32_to_bf16(drawn) : f32_to_f16(drawn);
      std::memcpy(codes + i, &value, 2);
    }
    for (long i = 0; form == WeightForm::f8 && i < static_cast<long>(units) * code_bytes; ++i) {
      if ((codes[i] & 0x7f) == 0x7f) codes[i] = 0;  // not a number
    }
    const float per_code = scale / (is_codes8(form) ? 70 : 5);
    for (long i = 0; form == WeightForm::f8 && i < static_cast<long>(units) * scale_bytes; i += 4) {
      const float value = per_code * (1 + 0.2f * draw_normal(random));
      std::memcpy(scales + i, &value, 4);
    }
    if (form == WeightForm::f8) continue;
    for (long i = 0; i < static_cast<long>(units) * scale_bytes; i += 2) {
      const bool is_minimum = has_minimum(form) && i % 16 >= 8;
      const uint16_t value = f32_to_f16(is_minimum ? -7 * per_code * (1 + 0.3f * draw_normal(random))
                                                   : per_code * (1 + 0.2f * draw_normal(random)));
      std::memcpy(scales + i, &value, 2);
    }
  }
  return matrix;
}

double matrix_value(const std::vector<uint8_t>& matrix, WeightForm form, int columns, int row, int column) {
  const uint8_t* codes = matrix.data() + row / kTileRows * tile_row_bytes(form, columns);
  const int unit = column / kUnitColumns, in_unit = column % kUnitColumns, in_tile = row % kTileRows;
  const uint8_t* scales = codes + static_cast<long>(columns / kUnitColumns) * unit_code_bytes(form) +
                          static_cast<long>(unit) * unit_scale_bytes(form) +
                          scale_offset(form, in_tile, in_unit / kGroupColumns);
  const uint8_t* chunk =
      codes + static_cast<long>(unit) * unit_code_bytes(form) + chunk_offset(form, in_tile, in_unit / 8);
  const int bit = code_bit(form, in_unit % 8);
  auto half_at = [](const uint8_t* p) {
    uint16_t bits;
    std::memcpy(&bits, p, 2);
    return bits;
  };
  if (form == WeightForm::bf16) return bf16_to_f32(half_at(chunk + bit / 8));
  if (form == WeightForm::f16) return f16_to_f32(half_at(chunk + bit / 8));
  if (form == WeightForm::f8) {
    float factor;
    std::memcpy(&factor, scales, 4);
    return static_cast<double>(factor) * f8_e4m3_to_f32(chunk[bit / 8]);
  }
  const bool is_upper = form == WeightForm::codes8_16 && in_unit % kGroupColumns >= 16;
  const double scale = f16_to_f32(half_at(scales + (is_upper ? 8 : 0)));
  const double minimum = has_minimum(form) ? f16_to_f32(half_at(scales + 8)) : 0;
  if (is_codes8(form)) return scale * static_cast<int8_t>(chunk[bit / 8]) + minimum;
  const int code = chunk[bit / 8] >> bit % 8 & 15;
  return scale * (code - (has_minimum(form) ? 0 : 8)) + minimum;
}

Check check_rms_norm(const Device& device, const Module& module, int rows, int columns, Random& random) {
  const auto input = draw_floats(random, static_cast<size_t>(rows) * columns), weight = draw_floats(random, columns);
  Buffer x = Buffer::of(device, input), w = Buffer::of(device, weight), y(device, input.size() * 2);
  y.fill(kPoisonBf16);
  const RmsNormArguments arguments{x.as<float>(), w.as<float>(), y.as<u16>(), columns, 1e-5f};
  launch(device, module.function("rms_norm"), {.blocks = rows, .threads = kRmsNormThreads}, arguments);
  const auto output = y.values<uint16_t>();
  ErrorSum error;
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int i = 0; i < columns; ++i) sum += static_cast<double>(input[r * columns + i]) * input[r * columns + i];
    const double factor = 1 / std::sqrt(sum / columns + 1e-5);
    for (int i = 0; i < columns; ++i) {
      error.add(bf16_to_f32(output[r * columns + i]), input[r * columns + i] * factor * weight[i]);
    }
  }
  return {"rms_norm " + std::to_string(rows) + " x " + std::to_string(columns), error.relative(), 3e-3};
}

}  // namespace estoc::gpu
