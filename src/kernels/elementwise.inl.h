// Norm, rope, SiLU, add, conversions and activation quantization over the vector vocabulary `V`.
// Included inside the anonymous namespace of each ISA file.

// e^x to about 2 ulp. Range reduction by ln 2 in two parts and the degree-5 polynomial of Cephes' expf (S. Moshier).
V::Reg exp_v(V::Reg x) {
  x = V::max(V::min(x, V::set1(88.0f)), V::set1(-87.0f));
  const V::Reg n = V::round(V::mul(x, V::set1(1.44269504088896341f)));
  V::Reg r = V::fnma(n, V::set1(0.693359375f), x);
  r = V::fnma(n, V::set1(-2.12194440e-4f), r);
  V::Reg p = V::set1(1.9875691500e-4f);
  p = V::fma(p, r, V::set1(1.3981999507e-3f));
  p = V::fma(p, r, V::set1(8.3334519073e-3f));
  p = V::fma(p, r, V::set1(4.1665795894e-2f));
  p = V::fma(p, r, V::set1(1.6666665459e-1f));
  p = V::fma(p, r, V::set1(5.0000001201e-1f));
  p = V::add(V::fma(p, V::mul(r, r), r), V::set1(1.0f));
  return V::mul(p, V::pow2(n));
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

void silu_mul(const float* gate, const float* up, int64_t count, float* out) noexcept {
  const auto silu = [](V::Reg g, V::Reg u) {
    const V::Reg denominator = V::add(V::set1(1.0f), exp_v(V::sub(V::zero(), g)));
    return V::mul(V::div(g, denominator), u);
  };
  for_vectors(
      count, [&](int64_t i) { V::store(out + i, silu(V::load(gate + i), V::load(up + i))); },
      [&](int64_t i) {
        float g[V::kWidth] = {}, u[V::kWidth] = {}, result[V::kWidth];
        g[0] = gate[i];
        u[0] = up[i];
        V::store(result, silu(V::load(g), V::load(u)));
        out[i] = result[0];
      });
}

void add(const float* x, int64_t count, float* target) noexcept {
  for_vectors(
      count, [&](int64_t i) { V::store(target + i, V::add(V::load(target + i), V::load(x + i))); },
      [&](int64_t i) { target[i] += x[i]; });
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

template <bool kIsWide>
void quantize_row_of(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationBlock* blocks) {
  for (int64_t begin = 0; begin < columns; begin += kActivationBlock, ++blocks) {
    V::Reg large = V::zero();
    for (int64_t k = begin; k < begin + kActivationBlock; k += V::kWidth) large = V::max(large, V::abs(V::load(x + k)));
    const float largest = V::largest(large);
    const V::Reg inverse = V::set1(largest > 0 ? 127.0f / largest : 0.0f);
    for (int64_t k = begin; k < begin + kActivationBlock; k += V::kWidth) {
      const V::Reg scaled = V::mul(V::load(x + k), inverse);
      V::store_i8(codes + k, scaled);
      if constexpr (kIsWide) {
        V::store_i8(low_codes + k, V::mul(V::sub(scaled, V::round(scaled)), V::set1(kLowCodeSteps)));
      }
    }
    float halves[2];
    int32_t total = 0, low_total = 0;
    for (int half = 0; half < 2; ++half) {
      const int32_t sum = sum_i8_16(codes + begin + half * 16);
      const int32_t low = kIsWide ? sum_i8_16(low_codes + begin + half * 16) : 0;
      halves[half] = static_cast<float>(sum) + static_cast<float>(low) * (1 / kLowCodeSteps);
      total += sum;
      low_total += low;
    }
    blocks->scale = largest / 127.0f;
    blocks->first_half = blocks->scale * halves[0];
    blocks->second_half = blocks->scale * halves[1];
    blocks->sum = blocks->scale * (static_cast<float>(total) + static_cast<float>(low_total) * (1 / kLowCodeSteps));
  }
}

void quantize_row(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationBlock* blocks) noexcept {
  if (low_codes == nullptr) {
    quantize_row_of<false>(x, columns, codes, low_codes, blocks);
  } else {
    quantize_row_of<true>(x, columns, codes, low_codes, blocks);
  }
}
