#include "sampling/allowed_logits.h"

#include <limits>

#include "base/check.h"

namespace estoc {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

using Copy = void (*)(const float* logits, const uint32_t* words, size_t count, float* out);

[[gnu::always_inline]] inline void copy_body(const float* logits, const uint32_t* words, size_t count, float* out) {
  for (size_t w = 0; w < count; ++w) {
    const uint32_t word = words[w];
    for (uint32_t i = 0; i < TokenMask::kBits; ++i) out[i] = (word >> i & 1) != 0 ? logits[i] : kMinusInfinity;
    logits += TokenMask::kBits;
    out += TokenMask::kBits;
  }
}

void copy_base(const float* logits, const uint32_t* words, size_t count, float* out) {
  copy_body(logits, words, count, out);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) void copy_avx2(const float* logits, const uint32_t* words, size_t count, float* out) {
  copy_body(logits, words, count, out);
}
__attribute__((target("avx512f,prefer-vector-width=512"))) void copy_avx512(const float* logits, const uint32_t* words,
                                                                            size_t count, float* out) {
  copy_body(logits, words, count, out);
}
#endif

Copy fastest_copy() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return copy_avx512;
  if (__builtin_cpu_supports("avx2")) return copy_avx2;
#endif
  return copy_base;
}

}  // namespace

void copy_allowed(std::span<const float> logits, const TokenMask& mask, std::vector<float>& out) {
  ESTOC_CHECK(mask.vocab() == logits.size());
  static const Copy copy = fastest_copy();
  out.resize(logits.size());
  const size_t words = logits.size() / TokenMask::kBits;
  copy(logits.data(), mask.words().data(), words, out.data());
  for (size_t i = words * TokenMask::kBits; i < logits.size(); ++i) {
    out[i] = mask.allows(static_cast<TokenId>(i)) ? logits[i] : kMinusInfinity;
  }
}

}  // namespace estoc
