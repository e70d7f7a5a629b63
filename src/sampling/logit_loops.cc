#include "sampling/logit_loops.h"

#include <limits>
#include <vector>

#include "sampling/exp.h"

namespace estoc {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 16;

// The bodies are inlined into one function for each instruction set, which the compiler then vectorizes for it.
#define ESTOC_BODY [[gnu::always_inline]] inline

// The comparisons are written so that a NaN on the left loses.
ESTOC_BODY void maxima_body(const float* logits, size_t count, float* maxima) {
  for (size_t tile = 0; tile < count; ++tile) {
    const float* x = logits + tile * kLogitTile;
    float lanes[kLanes];
    for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[j] > kMinusInfinity ? x[j] : kMinusInfinity;
    for (size_t i = kLanes; i < kLogitTile; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
    }
    for (size_t width = kLanes / 2; width > 0; width /= 2) {
      for (size_t j = 0; j < width; ++j) lanes[j] = lanes[j + width] > lanes[j] ? lanes[j + width] : lanes[j];
    }
    maxima[tile] = lanes[0];
  }
}

ESTOC_BODY void exp_sums_body(const float* logits, const float* maxima, size_t count, float max, float bound,
                              float scale, float* sums) {
  for (size_t tile = 0; tile < count; ++tile) {
    sums[tile] = 0;
    if (!(maxima[tile] >= bound)) continue;
    const float* x = logits + tile * kLogitTile;
    float lanes[kLanes] = {};
    for (size_t i = 0; i < kLogitTile; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) {
        const float kept = x[i + j] >= bound ? x[i + j] : kMinusInfinity;
        lanes[j] += exp_nonpositive((kept - max) * scale);
      }
    }
    for (size_t width = kLanes / 2; width > 0; width /= 2) {
      for (size_t j = 0; j < width; ++j) lanes[j] += lanes[j + width];
    }
    sums[tile] = lanes[0];
  }
}

ESTOC_BODY size_t count_above_body(const float* logits, size_t count, float value) {
  size_t above = 0;
  for (size_t tile = 0; tile < count; ++tile) {
    const float* x = logits + tile * kLogitTile;
    int in_tile = 0;
    for (size_t i = 0; i < kLogitTile; ++i) in_tile += x[i] > value ? 1 : 0;
    above += static_cast<size_t>(in_tile);
  }
  return above;
}

#define ESTOC_LOOPS(level, target)                                                                                     \
  target void maxima_##level(const float* logits, size_t count, float* maxima) { maxima_body(logits, count, maxima); } \
  target void exp_sums_##level(const float* logits, const float* maxima, size_t count, float max, float bound,         \
                               float scale, float* sums) {                                                             \
    exp_sums_body(logits, maxima, count, max, bound, scale, sums);                                                     \
  }                                                                                                                    \
  target size_t count_above_##level(const float* logits, size_t count, float value) {                                  \
    return count_above_body(logits, count, value);                                                                     \
  }                                                                                                                    \
  constexpr LogitLoops level = {#level, maxima_##level, exp_sums_##level, count_above_##level}

ESTOC_LOOPS(base, );
#if defined(__x86_64__)
ESTOC_LOOPS(avx2, __attribute__((target("avx2"))));
ESTOC_LOOPS(avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))));
#endif

std::vector<const LogitLoops*> supported() {
  std::vector<const LogitLoops*> loops = {&base};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) loops.push_back(&avx2);
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    loops.push_back(&avx512);
  }
#endif
  return loops;
}

}  // namespace

std::span<const LogitLoops* const> all_logit_loops() {
  static const std::vector<const LogitLoops*> loops = supported();
  return loops;
}

const LogitLoops& logit_loops() { return *all_logit_loops().back(); }

}  // namespace estoc
