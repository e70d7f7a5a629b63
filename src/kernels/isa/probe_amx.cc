// Loops that measure AMX tiles. Built with its own flags; see avx512.cc for what may be included.
#include <immintrin.h>

#include "kernels/probe.h"

namespace estoc::kernels {
namespace {

#include "kernels/isa/amx_tiles.h"

// Four chains hide the latency of one product. 0x3f is a small integer as a code and, doubled, a number near 0.75.
template <typename Round>
inline __attribute__((always_inline)) uint64_t tile_rounds(int64_t rounds, Round&& round) {
  alignas(64) unsigned char values[1024];
  for (auto& value : values) value = 0x3f;
  asm volatile("" : : "r"(values) : "memory");
  TileConfig config;
  for (int tile = 0; tile < 6; ++tile) config.set(tile, 16);
  config.load();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, values, 64);
  _tile_loadd(5, values, 64);
  for (int64_t i = 0; i < rounds; ++i) round();
  _tile_stored(0, values, 64);
  _tile_release();
  asm volatile("" : : "r"(values) : "memory");
  return values[0];
}

uint64_t int8_rounds(int64_t rounds) noexcept {
  return tile_rounds(rounds, [] {
    _tile_dpbusd(0, 4, 5);
    _tile_dpbusd(1, 4, 5);
    _tile_dpbusd(2, 4, 5);
    _tile_dpbusd(3, 4, 5);
  });
}

uint64_t bf16_rounds(int64_t rounds) noexcept {
  return tile_rounds(rounds, [] {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  });
}

}  // namespace

extern const ProbeLoops probe_amx;
constinit const ProbeLoops probe_amx = {
    .int8 = {int8_rounds, 4 * 16 * 16 * 64}, .f32 = {}, .bf16 = {bf16_rounds, 4 * 16 * 16 * 32}, .read = nullptr};

}  // namespace estoc::kernels
