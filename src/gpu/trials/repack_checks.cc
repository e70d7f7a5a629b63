#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "gpu/source/repack.h"
#include "gpu/trials/trial.h"
#include "quant/f8.h"
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

// FP8 as it is brought to a device: 64 codes, then their scale.
void decode_f8_units(const std::byte* source, float* target, int64_t count) noexcept {
  for (; count > 0; count -= kUnitColumns, target += kUnitColumns, source += kUnitColumns + 4) {
    float scale;
    std::memcpy(&scale, source + kUnitColumns, 4);
    f8_e4m3.decode(source, target, kUnitColumns);
    for (int i = 0; i < kUnitColumns; ++i) target[i] *= scale;
  }
}
const QuantFormat f8_units = {f8_e4m3.name, "", -1, kUnitColumns, kUnitColumns + 4, decode_f8_units, nullptr, 0};

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
                                       {mxfp4, WeightForm::codes8, 0, {-1, -1}},
                                       {f8_units, WeightForm::f8, kMinimum, {-1, -1}}};

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
    if (f.form == WeightForm::f8) {
      const float scale = 0.004f * (1 + 0.3f * draw_normal(random));
      std::memcpy(block + kUnitColumns, &scale, 4);
      for (std::byte* code = block; code < block + kUnitColumns; ++code) {
        if ((static_cast<int>(*code) & 0x7f) == 0x7f) *code = std::byte{0};  // not a number
      }
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

namespace {

class RepackTrial {
 public:
  RepackTrial(const Device& device, const Module& module, const RepackFormat& format, int rows, int columns,
              Random& random)
      : device_(device),
        f_(format),
        rows_(rows),
        columns_(columns),
        kernel_(module.function("repack_" + std::string(format.format.name))),
        file_(draw_blocks(format, static_cast<size_t>(rows) * columns, random)),
        source_(Buffer::of(device, file_)),
        tiles_(device, matrix_bytes(format.form, rows, columns)) {}

  void launch(int) {
    gpu::launch(device_, kernel_, {.blocks = repack_blocks(rows_, columns_), .threads = kRepackThreads},
                RepackArguments{source_.as<u8>(), tiles_.as<u8>(), rows_, columns_});
  }

  Check check() {
    tiles_.fill(kPoison);
    launch(0);
    std::vector<float> decoded(static_cast<size_t>(rows_) * columns_);
    f_.format.decode(file_.data(), decoded.data(), static_cast<int64_t>(decoded.size()));
    const auto out = tiles_.values<uint8_t>();
    ErrorSum error;
    for (int row = 0; row < tile_rows_of(rows_) * kTileRows; ++row) {  // rows that fill up the last tile are zero
      for (int i = 0; i < columns_; ++i) {
        const double reference = row < rows_ ? decoded[static_cast<size_t>(row) * columns_ + i] : 0;
        error.add(matrix_value(out, f_.form, columns_, row, i), reference);
      }
    }
    return {"repack_" + std::string(f_.format.name), error.relative(), f_.limit};
  }

  double bytes() const { return static_cast<double>(file_.size() + tiles_.bytes()); }

 private:
  const Device& device_;
  const RepackFormat& f_;
  const int rows_, columns_;
  const Handle kernel_;
  const std::vector<std::byte> file_;
  const Buffer source_;
  Buffer tiles_;
};

}  // namespace

Trial repack_trial(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random) {
  const auto* f = std::find_if(std::begin(kRepackFormats), std::end(kRepackFormats),
                               [&](const RepackFormat& each) { return each.format.name == name; });
  ESTOC_CHECK(f != std::end(kRepackFormats));
  const auto state = std::make_shared<RepackTrial>(device, module, *f, rows, columns, random);
  return trial_of(state, {.bytes = state->bytes()});
}

Check check_repack(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random) {
  return repack_trial(device, module, name, rows, columns, random).check();
}

}  // namespace estoc::gpu
