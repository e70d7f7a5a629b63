// The state space layer of Mamba-2 over the vector vocabulary `V`: row by row, and in chunks as products of matrices.
// Included inside the anonymous namespace of each ISA file, after exp.inl.h, elementwise.inl.h and dense.inl.h.

// The vocabulary's part that is used here, for one float: dimensions that fill no vector.
struct One {
  using Reg = float;
  static constexpr int kWidth = 1;
  static Reg load(const float* p) { return *p; }
  static void store(float* p, Reg a) { *p = a; }
  static Reg set1(float a) { return a; }
  static Reg zero() { return 0; }
  static Reg mul(Reg a, Reg b) { return a * b; }
  static Reg fma(Reg a, Reg b, Reg c) { return __builtin_fmaf(a, b, c); }
};

// Calls tile.run<Vec, kVectors>(first dimension) for pieces of all dimensions, as wide as they can be.
template <int kVectors, typename Tile>
inline void for_dimensions(int64_t count, const Tile& tile) {
  int64_t d = 0;
  for (; d + kVectors * V::kWidth <= count; d += kVectors * V::kWidth) tile.template run<V, kVectors>(d);
  for (; d + V::kWidth <= count; d += V::kWidth) tile.template run<V, 1>(d);
  for (; d < count; ++d) tile.template run<One, 1>(d);
}

// Row by row: a head's state is read and written once a row.
struct SsdRowTile {
  const SsdHeads& ssd;
  int64_t row, head;

  template <typename Vec, int kVectors>
  void run(int64_t d) const {
    using Reg = typename Vec::Reg;
    const float* const x = ssd.x + row * ssd.x_stride + head * ssd.head_dim + d;
    const float* const b = ssd.b + row * ssd.bc_stride;
    const float* const c = ssd.c + row * ssd.bc_stride;
    float* state = ssd.state + head * ssd.state_size * ssd.head_dim + d;
    const Reg step = Vec::set1(ssd.steps[row * ssd.step_stride + head]);
    const Reg decay = Vec::set1(ssd.decays[row * ssd.step_stride + head]);
    Reg stepped[kVectors], sums[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Reg input = Vec::load(x + v * Vec::kWidth);
      stepped[v] = Vec::mul(step, input);
      sums[v] = Vec::mul(Vec::set1(ssd.skip[head]), input);
    }
    for (int64_t n = 0; n < ssd.state_size; ++n, state += ssd.head_dim) {
      const Reg in = Vec::set1(b[n]), read = Vec::set1(c[n]);
      for (int v = 0; v < kVectors; ++v) {
        float* const at = state + v * Vec::kWidth;
        const Reg kept = Vec::fma(in, stepped[v], Vec::mul(decay, Vec::load(at)));
        Vec::store(at, kept);
        sums[v] = Vec::fma(read, kept, sums[v]);
      }
    }
    float* const out = ssd.out + row * ssd.out_stride + head * ssd.head_dim + d;
    for (int v = 0; v < kVectors; ++v) Vec::store(out + v * Vec::kWidth, sums[v]);
  }
};

void ssd_rows(const SsdHeads& ssd) noexcept {
  for (int64_t head = 0; head < ssd.heads; ++head) {
    for (int64_t row = 0; row < ssd.row_count; ++row) for_dimensions<4>(ssd.head_dim, SsdRowTile{ssd, row, head});
  }
}

// sums[r][v] += sum over k < count of a[r * row_stride + k * column_stride] * b[k * b_stride], as vectors.
template <typename Vec, int kRows, int kVectors>
inline void add_products(const float* a, int64_t row_stride, int64_t column_stride, const float* b, int64_t b_stride,
                         int64_t count, typename Vec::Reg (&sums)[kRows][kVectors]) {
  for (int64_t k = 0; k < count; ++k, a += column_stride, b += b_stride) {
    typename Vec::Reg vectors[kVectors];
    for (int v = 0; v < kVectors; ++v) vectors[v] = Vec::load(b + v * Vec::kWidth);
    for (int r = 0; r < kRows; ++r) {
      const typename Vec::Reg factor = Vec::set1(a[r * row_stride]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = Vec::fma(factor, vectors[v], sums[r][v]);
    }
  }
}

// A chunk of one head. What position j gave to the state is worth decays[j + 1] * ... * decays[i] at position i.
//   out[i] = since_start[i] * (c[i] . state before) + sum over j <= i of mix[i][j] * x[j]
//   state = since_start[last] * state + sum over j of b[j] * (until_end[j] * steps[j] * x[j])
struct SsdChunk {
  static constexpr int kRows = V::kWidth == 16 ? 8 : 4;  // with two vectors: 16 or 8 sums, what the registers hold
  static constexpr int kVectors = 2;
  static constexpr int64_t kColumns = kVectors * V::kWidth;

  const SsdHeads& ssd;
  const float* scores;  // [row_count][kSsdChunk]: c[i] . b[j]
  int64_t head = 0;
  alignas(64) float mix[kSsdChunk * kSsdChunk];  // what of x[j] is in out[i], `skip` included; 0 where j > i
  alignas(64) float until_end[kSsdChunk];        // with steps[j]
  float since_start[kSsdChunk];

  // Worths are products of decays, as in the recurrence: sums of logarithms would lose digits where decays are strong.
  void prepare() {
    alignas(64) float worth[kSsdChunk], steps[kSsdChunk];
    for (int64_t j = 0; j < kSsdChunk; ++j) {
      worth[j] = 0;
      steps[j] = j < ssd.row_count ? ssd.steps[j * ssd.step_stride + head] : 0;
    }
    // What is below weighs nothing, and numbers too small to be normal would be slow.
    const V::Reg least = V::set1(-1e-30f);
    float product = 1;
    for (int64_t i = 0; i < ssd.row_count; ++i) {
      const float decay = ssd.decays[i * ssd.step_stride + head];
      product = product * decay > 1e-30f ? product * decay : 0;
      since_start[i] = product;
      for (int64_t j = 0; j < i; j += V::kWidth) {
        V::store(worth + j, V::max(V::fma(V::load(worth + j), V::set1(decay), least), V::zero()));
      }
      worth[i] = 1;
      for (int64_t j = 0; j < ssd.row_count; j += V::kWidth) {
        const V::Reg stepped = V::mul(V::load(worth + j), V::load(steps + j));
        V::store(until_end + j, stepped);
        // Beyond the last row scores are not set, and may be no numbers.
        const int64_t left = ssd.row_count - j;
        const V::Reg known = V::load(scores + i * kSsdChunk + j);
        const int count = static_cast<int>(left < V::kWidth ? left : V::kWidth);
        V::store(mix + i * kSsdChunk + j, V::mul(stepped, V::keep_first(known, count, V::zero())));
      }
      mix[i * kSsdChunk + i] += ssd.skip[head];
    }
  }

  template <typename Vec, int kTileRows, int kTileVectors>
  void read_rows(int64_t row, int64_t d) const {
    using Reg = typename Vec::Reg;
    Reg sums[kTileRows][kTileVectors];
    for (auto& of_row : sums) {
      for (Reg& sum : of_row) sum = Vec::zero();
    }
    const int64_t at = head * ssd.head_dim + d;
    add_products<Vec>(ssd.c + row * ssd.bc_stride, ssd.bc_stride, 1, state(d), ssd.head_dim, ssd.state_size, sums);
    for (int r = 0; r < kTileRows; ++r) {
      const Reg factor = Vec::set1(since_start[row + r]);
      for (Reg& sum : sums[r]) sum = Vec::mul(sum, factor);
    }
    add_products<Vec>(mix + row * kSsdChunk, kSsdChunk, 1, ssd.x + at, ssd.x_stride, row + kTileRows, sums);
    for (int r = 0; r < kTileRows; ++r) {
      float* const out = ssd.out + (row + r) * ssd.out_stride + at;
      for (int v = 0; v < kTileVectors; ++v) Vec::store(out + v * Vec::kWidth, sums[r][v]);
    }
  }

  template <typename Vec, int kTileRows, int kTileVectors>
  void update_rows(int64_t n, int64_t d, const float* scaled) const {
    using Reg = typename Vec::Reg;
    const Reg decay = Vec::set1(since_start[ssd.row_count - 1]);
    float* const at = state(d) + n * ssd.head_dim;
    Reg sums[kTileRows][kTileVectors];
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < kTileVectors; ++v) {
        sums[r][v] = Vec::mul(decay, Vec::load(at + r * ssd.head_dim + v * Vec::kWidth));
      }
    }
    add_products<Vec>(ssd.b + n, 1, ssd.bc_stride, scaled, kTileVectors * Vec::kWidth, ssd.row_count, sums);
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < kTileVectors; ++v) Vec::store(at + r * ssd.head_dim + v * Vec::kWidth, sums[r][v]);
    }
  }

  template <typename Vec, int kTileVectors>
  void run(int64_t d) const {
    int64_t row = 0;
    for (; row + kRows <= ssd.row_count; row += kRows) read_rows<Vec, kRows, kTileVectors>(row, d);
    for (; row < ssd.row_count; ++row) read_rows<Vec, 1, kTileVectors>(row, d);
    alignas(64) float scaled[kSsdChunk * kColumns];
    for (int64_t j = 0; j < ssd.row_count; ++j) {
      const float* const x = ssd.x + j * ssd.x_stride + head * ssd.head_dim + d;
      for (int v = 0; v < kTileVectors; ++v) {
        Vec::store(scaled + (j * kTileVectors + v) * Vec::kWidth,
                   Vec::mul(Vec::set1(until_end[j]), Vec::load(x + v * Vec::kWidth)));
      }
    }
    int64_t n = 0;
    for (; n + kRows <= ssd.state_size; n += kRows) update_rows<Vec, kRows, kTileVectors>(n, d, scaled);
    for (; n < ssd.state_size; ++n) update_rows<Vec, 1, kTileVectors>(n, d, scaled);
  }

  float* state(int64_t d) const { return ssd.state + head * ssd.state_size * ssd.head_dim + d; }
};

void ssd_chunk(const SsdHeads& ssd) noexcept {
  alignas(64) float scores[kSsdChunk * kSsdChunk];
  dense_gemm(Dense::f32, ssd.b, ssd.row_count, ssd.bc_stride * 4, ssd.state_size, ssd.c, ssd.row_count, ssd.bc_stride,
             {scores, kSsdChunk});
  SsdChunk chunk{.ssd = ssd, .scores = scores};
  for (chunk.head = 0; chunk.head < ssd.heads; ++chunk.head) {
    chunk.prepare();
    for_dimensions<SsdChunk::kVectors>(ssd.head_dim, chunk);
  }
}

// log(1 + t) for t of 0 to 1, as 2 atanh(t / (2 + t)).
inline V::Reg log1p_v(V::Reg t) {
  const V::Reg s = V::div(t, V::add(t, V::set1(2.0f))), square = V::mul(s, s);
  V::Reg p = V::set1(1.0f / 15);
  for (int odd = 13; odd > 0; odd -= 2) p = V::fma(p, square, V::set1(1.0f / static_cast<float>(odd)));
  return V::mul(V::add(s, s), p);
}

void ssd_steps(const SsdSteps& ssd) noexcept {
  for (int64_t h = 0; h < ssd.heads; h += V::kWidth) {
    const int count = static_cast<int>(ssd.heads - h < V::kWidth ? ssd.heads - h : V::kWidth);
    float rest[3][V::kWidth] = {};  // a vector of its own where the heads do not fill one
    const float* in[3] = {ssd.raw + h, ssd.bias + h, ssd.rates + h};
    for (int i = 0; i < 3 && count < V::kWidth; ++i) {
      for (int j = 0; j < count; ++j) rest[i][j] = in[i][j];
      in[i] = rest[i];
    }
    const V::Reg x = V::add(V::load(in[0]), V::load(in[1]));
    const V::Reg softplus = V::add(V::max(x, V::zero()), log1p_v(exp_v(V::sub(V::zero(), V::abs(x)))));
    const V::Reg steps = V::min(V::max(softplus, V::set1(ssd.least)), V::set1(ssd.most));
    const V::Reg decays = exp_v(V::mul(steps, V::load(in[2])));
    if (count == V::kWidth) {
      V::store(ssd.steps + h, steps);
      V::store(ssd.decays + h, decays);
      continue;
    }
    float out[2][V::kWidth];
    V::store(out[0], steps);
    V::store(out[1], decays);
    for (int j = 0; j < count; ++j) ssd.steps[h + j] = out[0][j], ssd.decays[h + j] = out[1][j];
  }
}
