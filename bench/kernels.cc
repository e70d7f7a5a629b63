// Times the matrix kernels of every ISA level this CPU has: GMAC/s and GB/s of one thread.
// cmake --build build/release --target bench_kernels && build/release/bench_kernels [columns] [rows of weights]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <vector>

#include "kernels/kernels.h"

namespace {

using namespace estoc::kernels;  // NOLINT: a program of its own

double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int round = 0; round < 7; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void bench_panels(const Kernels& kernels, int bits, bool has_min, int64_t rows, int64_t columns) {
  PanelMatrix w{
      .rows = rows, .columns = columns, .bits = bits, .group = 32, .zero = bits == 4 ? 8 : 128, .has_min = has_min};
  std::vector<std::byte> memory(static_cast<size_t>(w.panel_bytes() * w.panel_count()) + 64);
  w.data = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
  for (const int64_t x_rows : {1, 2, 4, 8, 16, 64, 256}) {
    std::vector<int8_t> codes(static_cast<size_t>(x_rows * columns), 3);
    QuantizedRows x{.codes = codes.data(), .columns = columns};
    const std::vector<ActivationBlock> blocks(static_cast<size_t>(x_rows * x.block_count()), {0.1f, 9.6f, 4.8f, 4.8f});
    x.blocks = blocks.data();
    std::vector<float> out(static_cast<size_t>(x_rows * rows));
    const int repeats = static_cast<int>(std::max<int64_t>(1, 200'000'000 / (rows * columns * x_rows)));
    const double seconds = best_seconds([&] {
                             for (int i = 0; i < repeats; ++i)
                               kernels.panel_gemm(w, 0, w.panel_count(), x, 0, x_rows, out.data(), rows);
                           }) /
                           repeats;
    fmt::print("{:8} int{}{} rows {:4}: {:7.1f} GMAC/s {:6.1f} GB/s\n", kernels.name, bits, has_min ? " min" : "    ",
               x_rows, static_cast<double>(rows * columns * x_rows) / seconds / 1e9,
               static_cast<double>(w.panel_bytes() * w.panel_count()) / seconds / 1e9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t columns = argc > 1 ? std::atoll(argv[1]) : 576;
  const int64_t rows = argc > 2 ? std::atoll(argv[2]) : 1536;
  for (int level = 1; level < kIsaCount; ++level) {
    const auto isa = static_cast<Isa>(level);
    if (!is_supported(isa)) continue;
    for (const auto& [bits, has_min] : {std::pair{4, false}, {4, true}, {8, false}}) {
      bench_panels(table_of(isa), bits, has_min, rows, columns);
    }
  }
}
