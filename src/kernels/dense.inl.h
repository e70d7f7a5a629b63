// Products of f32 activations with unpacked f32, f16 or bf16 weights, over the vector vocabulary `V`.
// Included inside the anonymous namespace of each ISA file.

template <Dense kType>
inline V::Reg load_weights(const std::byte* row, int64_t k) {
  if constexpr (kType == Dense::f32) return V::load(reinterpret_cast<const float*>(row) + k);
  if constexpr (kType == Dense::f16) return V::load_f16(reinterpret_cast<const uint16_t*>(row) + k);
  if constexpr (kType == Dense::bf16) return V::load_bf16(reinterpret_cast<const uint16_t*>(row) + k);
}

template <Dense kType>
inline float load_weight(const std::byte* row, int64_t k) {
  if constexpr (kType == Dense::f32) {
    float value;
    __builtin_memcpy(&value, row + 4 * k, 4);
    return value;
  }
  uint16_t bits;
  __builtin_memcpy(&bits, row + 2 * k, 2);
  if constexpr (kType == Dense::f16) return _cvtsh_ss(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  __builtin_memcpy(&value, &wide, 4);
  return value;
}

#include "kernels/prefetch.inl.h"

// kRows activation rows against kWeights weight rows: every vector that is loaded is used kRows or kWeights times.
// Weights `ahead` bytes further on are brought to the second-level cache.
template <Dense kType, int kWeights, int kRows>
inline void dense_tile(const std::byte* w, int64_t w_stride_bytes, int64_t columns, const float* x, int64_t x_stride,
                       const ProductRows& out, int64_t ahead) {
  constexpr int64_t kElement = kType == Dense::f32 ? 4 : 2;
  V::Reg sums[kRows][kWeights];
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) sums[r][n] = V::zero();
  }
  int64_t k = 0;
  for (; k + V::kWidth <= columns; k += V::kWidth) {
    V::Reg weights[kWeights];
    for (int n = 0; n < kWeights; ++n) {
      const std::byte* const row = w + n * w_stride_bytes;
      __builtin_prefetch(row + k * kElement + ahead, 0, 2);
      weights[n] = load_weights<kType>(row, k);
    }
    for (int r = 0; r < kRows; ++r) {
      const V::Reg activation = V::load(x + r * x_stride + k);
      for (int n = 0; n < kWeights; ++n) sums[r][n] = V::fma(activation, weights[n], sums[r][n]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) {
      float sum = V::sum(sums[r][n]);
      for (int64_t tail = k; tail < columns; ++tail) {
        // Said, because a compiler may fuse in one shape of a tile and not in another.
        sum = __builtin_fmaf(load_weight<kType>(w + n * w_stride_bytes, tail), x[r * x_stride + tail], sum);
      }
      float& target = out.values[r * out.stride + n];
      target = out.is_added ? target + sum : sum;
    }
  }
}

// kRows activation rows against all weight rows: the activations stay in the first-level cache.
template <Dense kType, int kRows>
inline void dense_strip(const std::byte* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                        int64_t x_stride, const ProductRows& out, int64_t ahead) {
  int64_t n = 0;
  for (; n + 4 <= w_rows; n += 4) {
    dense_tile<kType, 4, kRows>(w + n * w_stride_bytes, w_stride_bytes, columns, x, x_stride, out.from(0, n), ahead);
  }
  for (; n < w_rows; ++n) {
    dense_tile<kType, 1, kRows>(w + n * w_stride_bytes, w_stride_bytes, columns, x, x_stride, out.from(0, n), ahead);
  }
}

// Fewer rows than kRows are one strip, too, so that few rows read the weights once.
template <Dense kType, int kRows>
inline void dense_rest(int64_t rest, const std::byte* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns,
                       const float* x, int64_t x_stride, const ProductRows& out, int64_t ahead) {
  if constexpr (kRows > 0) {
    if (rest == kRows) return dense_strip<kType, kRows>(w, w_rows, w_stride_bytes, columns, x, x_stride, out, ahead);
    dense_rest<kType, kRows - 1>(rest, w, w_rows, w_stride_bytes, columns, x, x_stride, out, ahead);
  }
}

template <Dense kType>
void dense_gemm_of(const std::byte* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                   int64_t x_rows, int64_t x_stride, const ProductRows& out) {
  constexpr int kRows = V::kWidth == 16 ? 6 : 2;  // with 4 weight rows 24 or 8 sums: what the registers hold
  int64_t ahead = prefetch_bytes(w_stride_bytes);
  int64_t r = 0;
  for (; r + kRows <= x_rows; r += kRows, ahead = 0) {  // later strips find the weights in the cache
    dense_strip<kType, kRows>(w, w_rows, w_stride_bytes, columns, x + r * x_stride, x_stride, out.from(r, 0), ahead);
  }
  dense_rest<kType, kRows - 1>(x_rows - r, w, w_rows, w_stride_bytes, columns, x + r * x_stride, x_stride,
                               out.from(r, 0), ahead);
}

void dense_gemm(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  const auto* bytes = static_cast<const std::byte*>(w);
  switch (type) {
    case Dense::f32:
      return dense_gemm_of<Dense::f32>(bytes, w_rows, w_stride_bytes, columns, x, x_rows, x_stride, out);
    case Dense::f16:
      return dense_gemm_of<Dense::f16>(bytes, w_rows, w_stride_bytes, columns, x, x_rows, x_stride, out);
    case Dense::bf16:
      return dense_gemm_of<Dense::bf16>(bytes, w_rows, w_stride_bytes, columns, x, x_rows, x_stride, out);
  }
}

template <Dense kType>
inline void widen_of(const std::byte* x, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + V::kWidth <= count; i += V::kWidth) V::store(out + i, load_weights<kType>(x, i));
  for (; i < count; ++i) out[i] = load_weight<kType>(x, i);
}

void widen(Dense type, const void* x, int64_t count, float* out) noexcept {
  const auto* bytes = static_cast<const std::byte*>(x);
  switch (type) {
    case Dense::f32:
      return widen_of<Dense::f32>(bytes, count, out);
    case Dense::f16:
      return widen_of<Dense::f16>(bytes, count, out);
    case Dense::bf16:
      return widen_of<Dense::bf16>(bytes, count, out);
  }
}
