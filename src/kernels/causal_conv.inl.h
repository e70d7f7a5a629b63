// The causal convolution of causal_conv.h over the vector vocabulary `V`. Included inside the anonymous namespace of
// each ISA file, after activation.inl.h.

// Columns that are taken through all rows at once: whole cache lines, whose last rows stay in the first cache.
constexpr int64_t kConvTile = 128;
// Rows are far apart, where no hardware foresees them: each is asked for so many before it is needed.
constexpr int64_t kConvAhead = 8;

// One vector of row r, of whose inputs those before row 0 lie in `state`.
inline V::Reg conv_at(const CausalConv& conv, int64_t r, int64_t c) {
  V::Reg sum = conv.bias == nullptr ? V::zero() : V::load(conv.bias + c);
  for (int64_t k = 0; k < conv.width; ++k) {
    const int64_t from = r - (conv.width - 1) + k;
    const float* const in =
        from < 0 ? conv.state + (from + conv.width - 1) * conv.state_stride : conv.in + from * conv.in_stride;
    sum = V::fma(V::load(conv.taps + k * conv.tap_stride + c), V::load(in + c), sum);
  }
  return activated<Activation::silu>(sum);
}

// As conv_at where no input is older than row 0.
template <int kConvWidth>
inline V::Reg conv_inside(const CausalConv& conv, const float* in, int64_t c) {
  V::Reg sum = conv.bias == nullptr ? V::zero() : V::load(conv.bias + c);
  for (int64_t k = 0; k < kConvWidth; ++k) {
    sum = V::fma(V::load(conv.taps + k * conv.tap_stride + c),
                 V::load(in + (k - (kConvWidth - 1)) * conv.in_stride + c), sum);
  }
  return activated<Activation::silu>(sum);
}

// Columns [begin, end), whole vectors. From the last row to the first: what is overwritten, no row needs any more.
inline void conv_tile(const CausalConv& conv, int64_t begin, int64_t end) {
  const int64_t kept = conv.width - 1;
  float last[kCausalConvWidthMax * kConvTile];
  for (int64_t k = 0; k < kept; ++k) {
    const int64_t from = conv.row_count - kept + k;
    const float* const in = from < 0 ? conv.state + (from + kept) * conv.state_stride : conv.in + from * conv.in_stride;
    for (int64_t c = begin; c < end; c += V::kWidth) V::store(last + k * kConvTile + c - begin, V::load(in + c));
  }
  int64_t r = conv.row_count - 1;
  if (conv.width == 4) {
    for (; r >= kept; --r) {
      const float* const in = conv.in + r * conv.in_stride;
      const float* const ahead = in - (r < kept + kConvAhead ? r : kept + kConvAhead) * conv.in_stride;
      for (int64_t c = begin; c < end; c += V::kWidth) {
        _mm_prefetch(reinterpret_cast<const char*>(ahead + c), _MM_HINT_T0);
        V::store(conv.out + r * conv.out_stride + c, conv_inside<4>(conv, in, c));
      }
    }
  }
  for (; r >= 0; --r) {
    for (int64_t c = begin; c < end; c += V::kWidth) {
      V::store(conv.out + r * conv.out_stride + c, conv_at(conv, r, c));
    }
  }
  for (int64_t k = 0; k < kept; ++k) {
    for (int64_t c = begin; c < end; c += V::kWidth) {
      V::store(conv.state + k * conv.state_stride + c, V::load(last + k * kConvTile + c - begin));
    }
  }
}

// One column that is no part of a whole vector, as the first lane of one.
inline void conv_column(const CausalConv& conv, int64_t c) {
  const int64_t kept = conv.width - 1;
  for (int64_t r = 0; r < conv.row_count; ++r) {
    const float value = conv.in[r * conv.in_stride + c];
    float sum = conv.bias == nullptr ? 0.0f : conv.bias[c];
    for (int64_t k = 0; k < kept; ++k) {
      sum = __builtin_fmaf(conv.taps[k * conv.tap_stride + c], conv.state[k * conv.state_stride + c], sum);
      if (k > 0) conv.state[(k - 1) * conv.state_stride + c] = conv.state[k * conv.state_stride + c];
    }
    if (kept > 0) conv.state[(kept - 1) * conv.state_stride + c] = value;
    float lanes[V::kWidth] = {};
    lanes[0] = __builtin_fmaf(conv.taps[kept * conv.tap_stride + c], value, sum);
    V::store(lanes, activated<Activation::silu>(V::load(lanes)));
    conv.out[r * conv.out_stride + c] = lanes[0];
  }
}

void causal_conv(const CausalConv& conv) noexcept {
  int64_t c = conv.begin;
  while (c + V::kWidth <= conv.end) {
    const int64_t whole = (conv.end - c) / V::kWidth * V::kWidth, columns = whole < kConvTile ? whole : kConvTile;
    conv_tile(conv, c, c + columns);
    c += columns;
  }
  for (; c < conv.end; ++c) conv_column(conv, c);
}
