// Norms, rope, add, conversions and activation quantization over the vector vocabulary `V`.
// Included inside the anonymous namespace of each ISA file.

// e^x to about 2 ulp, with the range reduced by ln 2 in two parts.
V::Reg exp_v(V::Reg x) {
  x = V::max(V::min(x, V::set1(88.0f)), V::set1(-87.0f));
  const V::Reg n = V::round(V::mul(x, V::set1(1.44269504088896341f)));
  V::Reg r = V::fnma(n, V::set1(0.693359375f), x);
  r = V::fnma(n, V::set1(-2.12194440e-4f), r);
  return exp_reduced(r, n);
}

// Calls body(pointer offset) for whole vectors and tail(offset) for what is left over.
template <typename Body, typename Tail>
inline void for_vectors(int64_t count, Body&& body, Tail&& tail) {
  int64_t i = 0;
  for (; i + V::kWidth <= count; i += V::kWidth) body(i);
  for (; i < count; ++i) tail(i);
}

void rms_norm(const float* x, const float* weight, float eps, int64_t count, float* out) noexcept {
  V::Reg squares = V::zero();
  float rest = 0;
  for_vectors(
      count,
      [&](int64_t i) {
        const V::Reg v = V::load(x + i);
        squares = V::fma(v, v, squares);
      },
      [&](int64_t i) { rest += x[i] * x[i]; });
  const float factor = 1.0f / __builtin_sqrtf((V::sum(squares) + rest) / static_cast<float>(count) + eps);
  const V::Reg factors = V::set1(factor);
  for_vectors(
      count, [&](int64_t i) { V::store(out + i, V::mul(V::mul(V::load(x + i), factors), V::load(weight + i))); },
      [&](int64_t i) { out[i] = x[i] * factor * weight[i]; });
}

void layer_norm(const float* x, const float* weight, const float* bias, float eps, int64_t count, float* out) noexcept {
  V::Reg sums = V::zero();
  float rest = 0;
  for_vectors(count, [&](int64_t i) { sums = V::add(sums, V::load(x + i)); }, [&](int64_t i) { rest += x[i]; });
  const float mean = (V::sum(sums) + rest) / static_cast<float>(count);
  const V::Reg means = V::set1(mean);
  V::Reg squares = V::zero();
  rest = 0;
  for_vectors(
      count,
      [&](int64_t i) {
        const V::Reg v = V::sub(V::load(x + i), means);
        squares = V::fma(v, v, squares);
      },
      [&](int64_t i) { rest += (x[i] - mean) * (x[i] - mean); });
  const float factor = 1.0f / __builtin_sqrtf((V::sum(squares) + rest) / static_cast<float>(count) + eps);
  const V::Reg factors = V::set1(factor);
  for_vectors(
      count,
      [&](int64_t i) {
        const V::Reg v = V::mul(V::mul(V::sub(V::load(x + i), means), factors), V::load(weight + i));
        V::store(out + i, bias == nullptr ? v : V::add(v, V::load(bias + i)));
      },
      [&](int64_t i) { out[i] = (x[i] - mean) * factor * weight[i] + (bias == nullptr ? 0.0f : bias[i]); });
}

void rope(float* head, const float* cos, const float* sin, int64_t half) noexcept {
  for_vectors(
      half,
      [&](int64_t i) {
        const V::Reg a = V::load(head + i), b = V::load(head + i + half);
        const V::Reg c = V::load(cos + i), s = V::load(sin + i);
        V::store(head + i, V::fnma(b, s, V::mul(a, c)));
        V::store(head + i + half, V::fma(a, s, V::mul(b, c)));
      },
      [&](int64_t i) {
        const float a = head[i], b = head[i + half];
        head[i] = a * cos[i] - b * sin[i];
        head[i + half] = b * cos[i] + a * sin[i];
      });
}

void add(const float* x, int64_t count, float* target) noexcept {
  for_vectors(
      count, [&](int64_t i) { V::store(target + i, V::add(V::load(target + i), V::load(x + i))); },
      [&](int64_t i) { target[i] += x[i]; });
}

void add_scaled(float scale, const float* x, int64_t count, float* target) noexcept {
  const V::Reg scales = V::set1(scale);
  for_vectors(
      count, [&](int64_t i) { V::store(target + i, V::fma(scales, V::load(x + i), V::load(target + i))); },
      [&](int64_t i) { target[i] = __builtin_fmaf(scale, x[i], target[i]); });
}

void to_f16(const float* x, int64_t count, uint16_t* out) noexcept {
  for_vectors(
      count, [&](int64_t i) { V::store_f16(out + i, V::load(x + i)); },
      [&](int64_t i) {
        float one[V::kWidth] = {};
        uint16_t half[V::kWidth];
        one[0] = x[i];
        V::store_f16(half, V::load(one));
        out[i] = half[0];
      });
}

inline V::Reg largest_in(const float* x, int64_t begin, int64_t end) {
  V::Reg large = V::zero();
  for (int64_t k = begin; k < end; k += V::kWidth) large = V::max(large, V::abs(V::load(x + k)));
  return large;
}

// Codes of 16 columns; returns their sum, which f32 holds exactly.
template <bool kIsWide>
inline float quantize_16(const float* x, V::Reg inverse, int8_t* codes, int8_t* low_codes) {
  V::Reg sum = V::zero();
  for (int64_t k = 0; k < 16; k += V::kWidth) {
    const V::Reg code = V::round(V::mul(V::load(x + k), inverse));
    sum = V::add(sum, code);
    if constexpr (kIsWide) {
      const V::Reg high = V::floor(V::mul(V::add(code, V::set1(128.0f)), V::set1(1.0f / 256)));
      V::store_i8(codes + k, high);
      V::store_i8(low_codes + k, V::fnma(high, V::set1(256.0f), code));
    } else {
      V::store_i8(codes + k, code);
    }
  }
  return V::sum(sum);
}

template <bool kIsWide>
void quantize_row_of(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationScale* scales,
                     ActivationSums* sums) {
  constexpr float kScaleRange = 1e-12f;  // see scalar.cc
  constexpr float kCodeMax = kIsWide ? 127.0f * 256.0f : 127.0f;
  const float row_largest = V::largest(largest_in(x, 0, columns));
  float previous = 0;
  for (int64_t begin = 0; begin < columns; begin += kActivationBlock, ++scales) {
    const int64_t end = begin + kActivationBlock < columns ? begin + kActivationBlock : columns;
    const float block_largest = V::largest(largest_in(x, begin, end)), least = row_largest * kScaleRange;
    const float largest = block_largest > least ? block_largest : least;
    const V::Reg inverse = V::set1(largest > 0 ? kCodeMax / largest : 0.0f);
    for (int64_t k = begin; k < end; k += kActivationGroup, ++sums) {
      for (int half = 0; half < 2; ++half) {
        const int64_t at = k + half * 16;
        sums->half[half] = quantize_16<kIsWide>(x + at, inverse, codes + at, kIsWide ? low_codes + at : nullptr);
        sums->minus_half[half] = -static_cast<int32_t>(sums->half[half]);
      }
      sums->all = sums->half[0] + sums->half[1];
      sums->minus_all = sums->minus_half[0] + sums->minus_half[1];
    }
    scales->scale = largest / kCodeMax;
    scales->ratio = previous > 0 ? previous / scales->scale : 1.0f;
    previous = scales->scale;
  }
}

void quantize_row(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationScale* scales,
                  ActivationSums* sums) noexcept {
  if (low_codes == nullptr) {
    quantize_row_of<false>(x, columns, codes, low_codes, scales, sums);
  } else {
    quantize_row_of<true>(x, columns, codes, low_codes, scales, sums);
  }
}
