// Products of f32 activations with rows of 8-bit floats, over the vector vocabulary `V`. V::load_f8 gives numbers that
// are 2^8 too small: those of f16 whose bits are a code's. Included inside the anonymous namespace of each ISA file,
// after dense.inl.h.

constexpr float kF8Unit = 256;

// A vector of which `count` elements exist; the others are zero.
inline V::Reg load_f8_part(const std::byte* row, int64_t count) {
  alignas(64) std::byte part[V::kWidth] = {};
  for (int64_t i = 0; i < count; ++i) part[i] = row[i];
  return V::load_f8(part);
}

inline V::Reg load_part(const float* x, int64_t count) {
  alignas(64) float part[V::kWidth] = {};
  for (int64_t i = 0; i < count; ++i) part[i] = x[i];
  return V::load(part);
}

// kRows activation rows against weight rows [first, first + kWeights). A row's sums are added in one order, whatever
// tile it is in.
template <int kWeights, int kRows>
inline void f8_tile(const F8Rows& w, int64_t first, const float* x, int64_t x_stride, const ProductRows& out,
                    int64_t ahead) {
  const std::byte* const codes = w.codes + first * w.stride_bytes;
  V::Reg totals[kRows][kWeights];
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) totals[r][n] = V::zero();
  }
  for (int64_t block = 0, begin = 0; begin < w.columns; ++block, begin += w.scale_columns) {
    const int64_t end = begin + w.scale_columns < w.columns ? begin + w.scale_columns : w.columns;
    V::Reg sums[kRows][kWeights];
    for (int r = 0; r < kRows; ++r) {
      for (int n = 0; n < kWeights; ++n) sums[r][n] = V::zero();
    }
    const auto add = [&](const V::Reg* weights, int r, V::Reg activation) __attribute__((always_inline)) {
      for (int n = 0; n < kWeights; ++n) sums[r][n] = V::fma(activation, weights[n], sums[r][n]);
    };
    int64_t k = begin;
    for (; k + V::kWidth <= end; k += V::kWidth) {
      V::Reg weights[kWeights];
      for (int n = 0; n < kWeights; ++n) {
        __builtin_prefetch(codes + n * w.stride_bytes + k + ahead, 0, 2);
        weights[n] = V::load_f8(codes + n * w.stride_bytes + k);
      }
      for (int r = 0; r < kRows; ++r) add(weights, r, V::load(x + r * x_stride + k));
    }
    if (k < end) {
      V::Reg weights[kWeights];
      for (int n = 0; n < kWeights; ++n) weights[n] = load_f8_part(codes + n * w.stride_bytes + k, end - k);
      for (int r = 0; r < kRows; ++r) add(weights, r, load_part(x + r * x_stride + k, end - k));
    }
    for (int n = 0; n < kWeights; ++n) {
      const V::Reg scale = V::set1(w.scale(first + n, block) * kF8Unit);
      for (int r = 0; r < kRows; ++r) totals[r][n] = V::fma(sums[r][n], scale, totals[r][n]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) {
      float& target = out.values[r * out.stride + first + n];
      const float sum = V::sum(totals[r][n]);
      target = out.is_added ? target + sum : sum;
    }
  }
}

template <int kRows>
inline void f8_strip(const F8Rows& w, const float* x, int64_t x_stride, const ProductRows& out, int64_t ahead) {
  constexpr int kWeights = V::kWidth == 16 ? 4 : 2;  // with sums and totals of each: what the registers hold
  int64_t n = 0;
  for (; n + kWeights <= w.rows; n += kWeights) f8_tile<kWeights, kRows>(w, n, x, x_stride, out, ahead);
  for (; n < w.rows; ++n) f8_tile<1, kRows>(w, n, x, x_stride, out, ahead);
}

void f8_gemm(const F8Rows& w, const float* x, int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  int64_t ahead = prefetch_bytes(w.stride_bytes), r = 0;  // later strips find the weights in the cache
  for (; r + 2 <= x_rows; r += 2, ahead = 0) f8_strip<2>(w, x + r * x_stride, x_stride, out.from(r, 0), ahead);
  if (r < x_rows) f8_strip<1>(w, x + r * x_stride, x_stride, out.from(r, 0), ahead);
}

void widen_f8(const F8Rows& w, float* out) noexcept {
  for (int64_t n = 0; n < w.rows; ++n, out += w.columns) {
    const std::byte* const codes = w.codes + n * w.stride_bytes;
    for (int64_t block = 0, k = 0; k < w.columns; ++block) {
      const int64_t end = k + w.scale_columns < w.columns ? k + w.scale_columns : w.columns;
      const V::Reg unit = V::set1(kF8Unit), scale = V::set1(w.scale(n, block));
      for (; k + V::kWidth <= end; k += V::kWidth) {
        V::store(out + k, V::mul(V::mul(V::load_f8(codes + k), unit), scale));
      }
      if (k == end) continue;
      alignas(64) float part[V::kWidth];
      V::store(part, V::mul(V::mul(load_f8_part(codes + k, end - k), unit), scale));
      for (int64_t i = 0; k < end; ++k, ++i) out[k] = part[i];
    }
  }
}
