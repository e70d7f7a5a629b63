#include <algorithm>
#include <array>
#include <cstring>

#include "gpu/source/repack.h"
#include "gpu/trials/checks.h"
#include "quant/format.h"
#include "quant/iq4.h"
#include "quant/k_affine.h"
#include "quant/k_symmetric.h"
#include "quant/mxfp4.h"
#include "quant/q4.h"
#include "quant/q5.h"
#include "quant/q8.h"

namespace estoc::gpu {
namespace {

constexpr double kRounded = 3e-4;  // scales that became f16
constexpr double kMinimum = 1e-7;  // the reference itself rounds the sum of product and minimum

struct RepackFormat {
  const QuantFormat& format;
  WeightForm form;
  double limit;
  std::array<int, 2> halves;  // where a block has numbers in f16, -1 for none
};

const RepackFormat kRepackFormats[] = {{bf16, WeightForm::bf16, 0, {0, -1}},
                                       {f16, WeightForm::f16, 0, {0, -1}},
                                       {q8_0, WeightForm::codes8, 0, {0, -1}},
                                       {q4_0, WeightForm::codes4, 0, {0, -1}},
                                       {q4_1, WeightForm::codes4_min, kMinimum, {0, 2}},
                                       {q5_0, WeightForm::codes8, 0, {0, -1}},
                                       {q5_1, WeightForm::codes8_min, kMinimum, {0, 2}},
                                       {q3_k, WeightForm::codes8, 0, {108, -1}},
                                       {q4_k, WeightForm::codes4_min, kRounded, {0, 2}},
                                       {q5_k, WeightForm::codes8_min, kRounded, {0, 2}},
                                       {q6_k, WeightForm::codes8_16, kRounded, {208, -1}},
                                       {iq4_nl, WeightForm::codes8, 0, {0, -1}},
                                       {iq4_xs, WeightForm::codes8, kRounded, {0, -1}},
                                       {mxfp4, WeightForm::codes8, 0, {-1, -1}}};

// Blocks of any bits but for their scales, so that every code and every inner scale occurs.
std::vector<std::byte> draw_blocks(const RepackFormat& f, size_t elements, Random& random) {
  std::vector<std::byte> file(elements / f.format.block_count * f.format.block_bytes);
  for (std::byte& byte : file) byte = static_cast<std::byte>(random());
  for (std::byte* block = file.data(); block < file.data() + file.size(); block += f.format.block_bytes) {
    for (const int at : f.halves) {
      const float value = 0.004f * (1 + 0.3f * draw_normal(random));
      const uint16_t bits = f.form == WeightForm::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
      if (at >= 0) std::memcpy(block + at, &bits, 2);
    }
    if (f.format.name == mxfp4.name) *block = static_cast<std::byte>(110 + random() % 25);  // a power of two
  }
  return file;
}

}  // namespace

std::vector<std::string> repack_formats() {
  std::vector<std::string> names;
  for (const RepackFormat& f : kRepackFormats) names.emplace_back(f.format.name);
  return names;
}

Check check_repack(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random) {
  const auto* f = std::find_if(std::begin(kRepackFormats), std::end(kRepackFormats),
                               [&](const RepackFormat& each) { return each.format.name == name; });
  if (f == std::end(kRepackFormats)) return {"repack_" + name + ": no such format", NAN, 0};
  const size_t count = static_cast<size_t>(rows) * columns;
  const std::vector<std::byte> file = draw_blocks(*f, count, random);
  std::vector<float> decoded(count);
  f->format.decode(file.data(), decoded.data(), static_cast<int64_t>(count));
  Buffer source = Buffer::of(device, file), tiles(device, matrix_bytes(f->form, rows, columns));
  tiles.fill(kPoison);
  launch(device, module.function("repack_" + name), {.blocks = repack_blocks(rows, columns), .threads = kRepackThreads},
         RepackArguments{source.as<u8>(), tiles.as<u8>(), rows, columns});
  const auto out = tiles.values<uint8_t>();
  ErrorSum error;
  for (int row = 0; row < tile_rows_of(rows) * kTileRows; ++row) {  // rows that fill up the last tile are zero
    for (int i = 0; i < columns; ++i) {
      const double reference = row < rows ? decoded[static_cast<size_t>(row) * columns + i] : 0;
      error.add(matrix_value(out, f->form, columns, row, i), reference);
    }
  }
  return {"repack_" + name, error.relative(), f->limit};
}

}  // namespace estoc::gpu
