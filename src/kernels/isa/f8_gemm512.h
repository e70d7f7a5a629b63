// Products of few rows with rows of 8-bit floats: codes become bf16 and meet activations rounded to it. Included inside
// the anonymous namespace of an ISA file, after prefetch.inl.h and f8_codes512.h.

// Columns [k, k + 64) of kRows activation rows against kWeights weight rows, of which the bits of `mask` exist.
template <int kWeights, int kRows, bool kIsPart>
inline void add_f8_columns(const F8Codes& table, const std::byte* codes, int64_t stride_bytes, const float* x,
                           int64_t x_stride, uint64_t mask, int64_t ahead, __m512 (*sums)[kWeights]) {
  // The eights of codes in the order that leaves columns in theirs.
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  __m512bh activations[kRows][2];
  for (int r = 0; r < kRows; ++r) {
    const auto load = [&](int part) __attribute__((always_inline)) {
      const float* const at = x + r * x_stride + 16 * part;
      if constexpr (kIsPart) return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> (16 * part)), at);
      return _mm512_loadu_ps(at);
    };
    activations[r][0] = _mm512_cvtne2ps_pbh(load(1), load(0));
    activations[r][1] = _mm512_cvtne2ps_pbh(load(3), load(2));
  }
  for (int n = 0; n < kWeights; ++n) {
    const std::byte* const row = codes + n * stride_bytes;
    __m512i weights[2];
    if constexpr (kIsPart) {
      table.to_bf16(_mm512_permutexvar_epi64(order, _mm512_maskz_loadu_epi8(mask, row)), weights);
    } else {
      __builtin_prefetch(row + ahead, 0, 2);
      table.to_bf16(_mm512_permutexvar_epi64(order, _mm512_loadu_si512(row)), weights);
    }
    for (int r = 0; r < kRows; ++r) {
      sums[r][n] = _mm512_dpbf16_ps(sums[r][n], activations[r][0], (__m512bh)weights[0]);
      sums[r][n] = _mm512_dpbf16_ps(sums[r][n], activations[r][1], (__m512bh)weights[1]);
    }
  }
}

// kRows activation rows against weight rows [first, first + kWeights).
template <int kWeights, int kRows>
inline void f8_tile(const F8Codes& table, const F8Rows& w, int64_t first, const float* x, int64_t x_stride,
                    const ProductRows& out, int64_t ahead) {
  const std::byte* const codes = w.codes + first * w.stride_bytes;
  __m512 totals[kRows][kWeights];
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) totals[r][n] = _mm512_setzero_ps();
  }
  for (int64_t block = 0, k = 0; k < w.columns; ++block) {
    const int64_t end = k + w.scale_columns < w.columns ? k + w.scale_columns : w.columns;
    __m512 sums[kRows][kWeights];
    for (int r = 0; r < kRows; ++r) {
      for (int n = 0; n < kWeights; ++n) sums[r][n] = _mm512_setzero_ps();
    }
    for (; k + 64 <= end; k += 64) {
      add_f8_columns<kWeights, kRows, false>(table, codes + k, w.stride_bytes, x + k, x_stride, 0, ahead, sums);
    }
    if (k < end) {
      const uint64_t mask = (uint64_t{1} << (end - k)) - 1;
      add_f8_columns<kWeights, kRows, true>(table, codes + k, w.stride_bytes, x + k, x_stride, mask, ahead, sums);
      k = end;
    }
    for (int n = 0; n < kWeights; ++n) {
      const __m512 scale = _mm512_set1_ps(w.scale(first + n, block));
      for (int r = 0; r < kRows; ++r) totals[r][n] = _mm512_fmadd_ps(sums[r][n], scale, totals[r][n]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) {
      float& target = out.values[r * out.stride + first + n];
      const float sum = _mm512_reduce_add_ps(totals[r][n]);
      target = out.is_added ? target + sum : sum;
    }
  }
}

template <int kRows>
inline void f8_strip(const F8Codes& table, const F8Rows& w, const float* x, int64_t x_stride, const ProductRows& out,
                     int64_t ahead) {
  int64_t n = 0;
  for (; n + 4 <= w.rows; n += 4) f8_tile<4, kRows>(table, w, n, x, x_stride, out, ahead);
  for (; n < w.rows; ++n) f8_tile<1, kRows>(table, w, n, x, x_stride, out, ahead);
}

void f8_gemm(const F8Rows& w, const float* x, int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  const F8Codes table;
  int64_t ahead = prefetch_bytes(w.stride_bytes), r = 0;  // later strips find the weights in the cache
  for (; r + 2 <= x_rows; r += 2, ahead = 0) f8_strip<2>(table, w, x + r * x_stride, x_stride, out.from(r, 0), ahead);
  if (r < x_rows) f8_strip<1>(table, w, x + r * x_stride, x_stride, out.from(r, 0), ahead);
}
