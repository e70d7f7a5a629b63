// What every level's code tiles share: how a stretch's scale and marks are chosen, and the numbers that bring 4-bit
// weights to 8 bits. Included inside the anonymous namespace of each file that has code tiles.

// Not std::min: ISA files call no inline functions of others.
inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

// Chooses the tiles to mark: those that hold most of the rows' largest values, as many as pay. One more mark costs a
// sixteenth of the product's work in a whole stretch; it pays when the squared error that rounding adds falls by a
// twentieth. At most half of the tiles. `largest`: the largest magnitude of each row in each tile of the stretch.
inline uint16_t choose_marks(const float (&largest)[CodeTiles::kRows][CodeTiles::kStretchTiles], int64_t row_count,
                             int64_t tile_count) {
  constexpr float kPays = 0.05f;
  float squares[CodeTiles::kRows][CodeTiles::kStretchTiles];  // relative to the row's largest
  float scores[CodeTiles::kStretchTiles] = {};
  for (int64_t r = 0; r < row_count; ++r) {
    float most = 0;
    for (int64_t t = 0; t < tile_count; ++t) most = largest[r][t] > most ? largest[r][t] : most;
    const float inverse = most > 1e-37f ? 1.0f / most : 0.0f;
    for (int64_t t = 0; t < tile_count; ++t) {
      const float relative = largest[r][t] * inverse;
      squares[r][t] = relative * relative;
      scores[t] += squares[r][t];
    }
  }
  int64_t order[CodeTiles::kStretchTiles];  // of falling scores
  for (int64_t t = 0; t < tile_count; ++t) {
    int64_t place = t;
    for (; place > 0 && scores[order[place - 1]] < scores[t]; --place) order[place] = order[place - 1];
    order[place] = t;
  }
  // The squared error that is left with the first so many of them marked, from all of them down to none.
  float errors[CodeTiles::kStretchTiles] = {};
  for (int64_t r = 0; r < row_count; ++r) {
    float rest = 0;
    for (int64_t taken = tile_count - 1; taken >= 0; --taken) {
      const float square = squares[r][order[taken]];
      rest = square > rest ? square : rest;
      errors[taken] += rest;
    }
  }
  const auto cost = [&](int64_t taken) {
    return errors[taken] + kPays * static_cast<float>(taken) * static_cast<float>(row_count);
  };
  int64_t best = 0;
  for (int64_t taken = 1; taken <= tile_count / 2; ++taken) {
    if (cost(taken) < cost(best)) best = taken;
  }
  uint32_t marks = 0;
  for (int64_t i = 0; i < best; ++i) marks |= 1u << order[i];
  return static_cast<uint16_t>(marks);
}

constexpr float kCodeMax = 127.0f, kHighCodeMax = 127.0f * 128.0f;

// The scale of a row's stretch: its unmarked tiles fit into codes, the marked ones into codes and high codes.
inline float stretch_scale(const float (&largest)[CodeTiles::kStretchTiles], int64_t tile_count, uint16_t marks) {
  float scale = 0;
  for (int64_t t = 0; t < tile_count; ++t) {
    const float fits = largest[t] * ((marks >> t & 1) != 0 ? 1 / kHighCodeMax : 1 / kCodeMax);
    scale = fits > scale ? fits : scale;
  }
  return scale;
}

// Rows of numbers so small that their inverse is no number are zero.
inline float inverse_scale(float scale) { return scale > 1e-37f ? 1.0f / scale : 0.0f; }

// Weights: a row of a stretch has the scale s = its largest magnitude / 127, and the value of the code q, which is
// scale * (q - 8) + offset with offset = min + scale * (8 - zero), becomes the code
// ((((q - 8) * ratio + 4) >> 3) + shift + 64) >> 7 with ratio = scale / s in units of 1 / 1024 and shift = offset / s
// in units of 1 / 128, both to the nearest: what 16-bit multiplication with rounding gives for all lanes at once.
constexpr float kRatioUnits = 1024.0f, kShiftUnits = 128.0f;
constexpr int kCodeGroup = 32;  // columns that share a weight's scale
constexpr int kCodeMiddle = 8, kCodeLast = 15;
