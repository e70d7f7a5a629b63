// The end of every exponential: e^r 2^n for |r| <= ln 2 / 2 and integral n, by the degree-5 polynomial of Cephes' expf
// (S. Moshier). Included inside the anonymous namespace of each ISA file, after the vector vocabulary.

inline V::Reg exp_reduced(V::Reg r, V::Reg n) {
  V::Reg p = V::set1(1.9875691500e-4f);
  p = V::fma(p, r, V::set1(1.3981999507e-3f));
  p = V::fma(p, r, V::set1(8.3334519073e-3f));
  p = V::fma(p, r, V::set1(4.1665795894e-2f));
  p = V::fma(p, r, V::set1(1.6666665459e-1f));
  p = V::fma(p, r, V::set1(5.0000001201e-1f));
  p = V::add(V::fma(p, V::mul(r, r), r), V::set1(1.0f));
  return V::mul(p, V::pow2(n));
}
