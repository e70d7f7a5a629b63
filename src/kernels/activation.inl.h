// Activations and soft caps over the vector vocabulary `V`. Included inside the anonymous namespace of each ISA file,
// after elementwise.inl.h.

inline V::Reg sigmoid_times(V::Reg factor, V::Reg x) {
  return V::div(factor, V::add(V::set1(1.0f), exp_v(V::sub(V::zero(), x))));
}

// 1 - 2 / (e^2x + 1)
inline V::Reg tanh_v(V::Reg x) {
  return V::sub(V::set1(1.0f), V::div(V::set1(2.0f), V::add(exp_v(V::add(x, x)), V::set1(1.0f))));
}

// x Phi(x), the error function by formula 7.1.26 of Abramowitz & Stegun: within 1.5e-7.
inline V::Reg gelu_v(V::Reg x) {
  const V::Reg a = V::mul(V::abs(x), V::set1(0.70710678f));
  const V::Reg t = V::div(V::set1(1.0f), V::fma(V::set1(0.3275911f), a, V::set1(1.0f)));
  V::Reg p = V::set1(1.061405429f);
  p = V::fma(p, t, V::set1(-1.453152027f));
  p = V::fma(p, t, V::set1(1.421413741f));
  p = V::fma(p, t, V::set1(-0.284496736f));
  p = V::fma(p, t, V::set1(0.254829592f));
  // The upper tail, half of it: Phi(x) is one less than it above zero, and it below.
  const V::Reg tail = V::mul(V::mul(V::mul(p, t), exp_v(V::fnma(a, a, V::zero()))), V::set1(0.5f));
  return V::fnma(V::abs(x), tail, V::max(x, V::zero()));
}

template <Activation kActivation>
inline V::Reg activated(V::Reg x) {
  if constexpr (kActivation == Activation::silu) return sigmoid_times(x, x);
  if constexpr (kActivation == Activation::sigmoid) return sigmoid_times(V::set1(1.0f), x);
  if constexpr (kActivation == Activation::gelu) return gelu_v(x);
  if constexpr (kActivation == Activation::gelu_tanh) {
    const V::Reg cubic = V::fma(V::mul(V::mul(x, x), x), V::set1(0.044715f), x);
    return sigmoid_times(x, V::mul(cubic, V::set1(1.5957691216f)));
  }
  const V::Reg positive = V::max(x, V::zero());
  return kActivation == Activation::relu ? positive : V::mul(positive, positive);
}

// Calls map(vector, at) for all of them; what is left over goes through a vector filled up with zeros.
template <typename Map>
inline void map_vectors(const float* x, const float* up, int64_t count, float* out, Map&& map) {
  int64_t i = 0;
  for (; i + V::kWidth <= count; i += V::kWidth) {
    V::store(out + i, map(V::load(x + i), up == nullptr ? V::set1(1.0f) : V::load(up + i)));
  }
  if (i == count) return;
  float a[V::kWidth] = {}, b[V::kWidth] = {}, result[V::kWidth];
  for (int64_t j = i; j < count; ++j) a[j - i] = x[j], b[j - i] = up == nullptr ? 1.0f : up[j];
  V::store(result, map(V::load(a), V::load(b)));
  for (int64_t j = i; j < count; ++j) out[j] = result[j - i];
}

template <Activation kActivation>
void activate_by(const float* x, const float* up, int64_t count, float* out) {
  map_vectors(x, up, count, out, [](V::Reg a, V::Reg u) { return V::mul(activated<kActivation>(a), u); });
}

void activate(Activation activation, const float* x, const float* up, int64_t count, float* out) noexcept {
  switch (activation) {
    case Activation::silu:
      return activate_by<Activation::silu>(x, up, count, out);
    case Activation::gelu:
      return activate_by<Activation::gelu>(x, up, count, out);
    case Activation::gelu_tanh:
      return activate_by<Activation::gelu_tanh>(x, up, count, out);
    case Activation::relu:
      return activate_by<Activation::relu>(x, up, count, out);
    case Activation::relu_squared:
      return activate_by<Activation::relu_squared>(x, up, count, out);
    case Activation::sigmoid:
      return activate_by<Activation::sigmoid>(x, up, count, out);
  }
}

void clamped_swiglu(float slope, float limit, const float* gate, const float* up, int64_t count, float* out) noexcept {
  const V::Reg slopes = V::set1(slope), most = V::set1(limit), least = V::set1(-limit), one = V::set1(1.0f);
  map_vectors(gate, up, count, out, [&](V::Reg g, V::Reg u) {
    g = V::min(g, most);
    u = V::add(V::max(V::min(u, most), least), one);
    return V::mul(sigmoid_times(g, V::mul(slopes, g)), u);
  });
}

void soft_cap(float cap, int64_t count, float* x) noexcept {
  const V::Reg caps = V::set1(cap), inverse = V::set1(1.0f / cap);
  map_vectors(x, nullptr, count, x, [&](V::Reg a, V::Reg) { return V::mul(caps, tanh_v(V::mul(a, inverse))); });
}
