#include "ops/pack.h"

#include <cstring>
#include <vector>

#include "quant/affine.h"
#include "quant/half.h"

namespace estoc {
namespace {

void store_scale(std::byte* at, int64_t row, float value, ScaleType type) {
  if (type == ScaleType::f32) {
    std::memcpy(at + 4 * row, &value, 4);
  } else {
    const uint16_t bits = type == ScaleType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
    std::memcpy(at + 2 * row, &bits, 2);
  }
}

// Codes of one row's group into the group's lines (see panels.h).
void store_codes(const uint8_t* codes, const kernels::PanelMatrix& panels, int64_t row, std::byte* lines) {
  for (int64_t k = 0; k < panels.group; k += panels.bits == 4 ? 8 : 4) {
    std::byte* at = lines + (panels.bits == 4 ? k / 8 : k / 4) * 64 + row * 4;
    uint32_t four, next_four;  // codes side by side, a byte each
    std::memcpy(&four, codes + k, 4);
    if (panels.bits == 4) {
      std::memcpy(&next_four, codes + k + 4, 4);
      four |= next_four << 4;
    }
    std::memcpy(at, &four, 4);
  }
}

}  // namespace

void pack_panel(const MatrixView& matrix, const QuantFormat& format, const kernels::PanelMatrix& panels, int64_t panel,
                std::byte* target) {
  const int64_t groups = panels.columns / panels.group;
  std::vector<uint8_t> codes(static_cast<size_t>(panels.columns));
  std::vector<float> scales(static_cast<size_t>(groups)), mins(static_cast<size_t>(groups));
  std::vector<float> values;  // of a row that is rounded to `format`
  std::vector<std::byte> blocks;
  for (int64_t row = 0; row < kernels::kPanelRows; ++row) {
    const int64_t n = panel * kernels::kPanelRows + row;
    if (n >= matrix.rows()) break;  // padding: fresh memory is zero, so are its scales
    if (&format == &matrix.format()) {
      matrix.unpack(n, codes.data(), scales.data(), mins.data());
    } else {
      values.resize(static_cast<size_t>(panels.columns));
      blocks.resize(static_cast<size_t>(format.row_bytes(panels.columns)));
      matrix.decode(n, values.data());
      format.encode(values.data(), blocks.data(), panels.columns);
      format.affine->unpack(blocks.data(), panels.columns, codes.data(), scales.data(), mins.data());
    }
    for (int64_t g = 0; g < groups; ++g) {
      std::byte* group = target + g * panels.group_bytes();
      store_scale(group, row, scales[static_cast<size_t>(g)], panels.scale_type);
      if (panels.has_min) {
        store_scale(group + panels.scale_bytes(), row, mins[static_cast<size_t>(g)], panels.scale_type);
      }
      std::byte* lines = group + panels.scale_bytes() * (panels.has_min ? 2 : 1);
      store_codes(codes.data() + g * panels.group, panels, row, lines);
    }
  }
}

}  // namespace estoc
