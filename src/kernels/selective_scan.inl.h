// Mamba's selective scan over the vector vocabulary `V`. Included inside the anonymous namespace of each ISA file,
// after exp.inl.h, elementwise.inl.h and ssd.inl.h.

// The first `count` of a vector's numbers; zeros behind them.
inline V::Reg load_first(const float* p, int64_t count) {
  if (count >= V::kWidth) return V::load(p);
  float lanes[V::kWidth] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = p[i];
  return V::load(lanes);
}

inline void store_first(float* p, V::Reg a, int64_t count) {
  if (count >= V::kWidth) return V::store(p, a);
  float lanes[V::kWidth];
  V::store(lanes, a);
  for (int64_t i = 0; i < count; ++i) p[i] = lanes[i];
}

// As many columns as a vector has, from `column` on, of which `count` are there: all rows in turn, so that the columns'
// state stays in the first cache.
void scan_columns(const SelectiveScan& scan, int64_t column, int64_t count) {
  const int64_t in_block = column % kScanBlock;
  const int64_t at = (column - in_block) * scan.state_size + in_block;
  const V::Reg skip = load_first(scan.skip + column, count);
  for (int64_t r = 0; r < scan.row_count; ++r) {
    const V::Reg x = load_first(scan.x + r * scan.x_stride + column, count);
    const V::Reg raw = load_first(scan.raw_steps + r * scan.step_stride + column, count);
    const V::Reg step = V::add(V::max(raw, V::zero()), log1p_v(exp_v(V::sub(V::zero(), V::abs(raw)))));
    const V::Reg stepped = V::mul(step, x);
    const float* const b = scan.b + r * scan.bc_stride;
    const float* const c = scan.c + r * scan.bc_stride;
    const float* rates = scan.rates + at;
    float* state = scan.state + at;
    V::Reg sum = V::mul(skip, x);
    for (int64_t n = 0; n < scan.state_size; ++n, rates += kScanBlock, state += kScanBlock) {
      const V::Reg decay = exp_v(V::mul(step, V::load(rates)));
      const V::Reg kept = V::fma(V::set1(b[n]), stepped, V::mul(decay, V::load(state)));
      V::store(state, kept);
      sum = V::fma(V::set1(c[n]), kept, sum);
    }
    store_first(scan.out + r * scan.out_stride + column, sum, count);
  }
}

void selective_scan(const SelectiveScan& scan) noexcept {
  for (int64_t column = 0; column < scan.columns; column += V::kWidth) {
    scan_columns(scan, column, scan.columns - column < V::kWidth ? scan.columns - column : V::kWidth);
  }
}
