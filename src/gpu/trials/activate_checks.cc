#include "gpu/trials/activate_checks.h"

#include <algorithm>

#include "gpu/source/activate.h"
#include "gpu/trials/prompt_checks.h"

namespace estoc::gpu {

Check check_activate(const Device& device, const Module& module, const ActivateCase& c, Random& random) {
  const auto values = draw_floats(random, static_cast<size_t>(c.rows * c.columns), 2);
  const Buffer input = Buffer::of(device, values);
  Buffer output(device, static_cast<size_t>((c.rows + 63) / 64 * 64 * c.columns) * 2);
  output.fill(kPoisonBf16);
  const ActivateArguments a{
      .input = input.as<float>(),
      .columns = c.columns,
      .is_squared = c.is_squared ? 1 : 0,
      .curve = c.is_gelu ? kGeluTanh : kSilu,
      .output = {output.as<u16>(), c.columns, c.has_tiles ? c.columns / kTokenTile : 0, ColumnOrder::paired}};
  gpu::launch(device, module.function("activate"),
              {.blocks = activate_blocks(c.columns), .blocks_y = c.rows, .threads = kActivateThreads}, a);
  const auto rows = output.values<uint16_t>();
  const auto tiles = output.values<uint8_t>();
  ErrorSum error;
  for (int row = 0; row < c.rows; ++row) {
    for (int i = 0; i < c.columns; ++i) {
      const auto at = static_cast<size_t>(row * c.columns + i);
      const double x = values[at], positive = std::max(x, 0.0);
      error.add(c.has_tiles ? token_tile_value(tiles, c.columns, ColumnOrder::paired, row, i) : bf16_to_f32(rows[at]),
                c.is_squared ? positive * positive : gate_value(x, c.is_gelu));
    }
  }
  return {"activate " + std::to_string(c.rows) + " x " + std::to_string(c.columns), error.relative(), 4e-3};
}

}  // namespace estoc::gpu
