// The reference of code tiles: how rows become codes, and the product. Included inside scalar.cc.

void make_code_tiles(const float* x, int64_t row_count, int64_t row_stride, int64_t columns,
                     const CodeTileRow& target) noexcept {
  const CodeTiles shape{.columns = columns};
  for (int64_t stretch = 0; stretch < shape.stretch_count(); ++stretch) {
    const int64_t first = stretch * CodeTiles::kStretchTiles;
    const int64_t tiles = std::min(CodeTiles::kStretchTiles, shape.column_tiles() - first);
    const auto value = [&](int64_t r, int64_t t, int64_t i) {
      const int64_t k = (first + t) * CodeTiles::kColumns + i;
      return r < row_count && k < columns ? x[r * row_stride + k] : 0.0f;
    };
    float largest[CodeTiles::kRows][CodeTiles::kStretchTiles] = {};
    for (int64_t r = 0; r < row_count; ++r) {
      for (int64_t t = 0; t < tiles; ++t) {
        for (int64_t i = 0; i < CodeTiles::kColumns; ++i) {
          largest[r][t] = std::max(largest[r][t], std::fabs(value(r, t, i)));
        }
      }
    }
    const uint16_t marks = choose_marks(largest, row_count, tiles);
    target.marks[stretch] = marks;
    for (int64_t r = 0; r < CodeTiles::kRows; ++r) {
      const float scale = stretch_scale(largest[r], tiles, marks), inverse = inverse_scale(scale);
      target.scales[stretch * CodeTiles::kRows + r] = scale;
      int32_t* sums = target.sums + 2 * stretch * CodeTiles::kRows + r;
      sums[0] = sums[CodeTiles::kRows] = 0;
      for (int64_t t = 0; t < tiles; ++t) {
        for (int64_t i = 0; i < CodeTiles::kColumns; ++i) {
          const int64_t at = (first + t) * CodeTiles::kTileCodes + r * CodeTiles::kColumns + i;
          const auto code = static_cast<int32_t>(std::nearbyint(value(r, t, i) * inverse));
          const bool is_marked = (marks >> t & 1) != 0;
          const int32_t high = is_marked ? (code + 64) >> 7 : 0;
          if (is_marked) target.high_codes[at] = static_cast<int8_t>(high);
          target.codes[at] = static_cast<int8_t>(code - 128 * high);
          sums[0] += code - 128 * high;
          sums[CodeTiles::kRows] += high;
        }
      }
    }
  }
}

// The codes of one weight row in one stretch of columns, and their scale.
struct StretchCodes {
  StretchCodes(const PanelMatrix& w, const std::byte* panel, int64_t row, int64_t begin, int64_t end) {
    const auto group_of = [&](int64_t k) { return PanelGroup(w, panel + k / w.group * w.group_bytes(), row); };
    float largest = 0;
    for (int64_t k = begin; k < end; k += w.group) {
      const PanelGroup group = group_of(k);
      for (const int code : {-w.zero, kCodeLast - w.zero}) {
        largest = std::max(largest, std::fabs(std::fma(static_cast<float>(code), group.scale, group.min)));
      }
    }
    scale = largest * (1 / kCodeMax);
    const float inverse = inverse_scale(scale);
    for (int64_t k = begin; k < end; ++k) {
      const PanelGroup group = group_of(k);
      const float offset = std::fma(static_cast<float>(kCodeMiddle - w.zero), group.scale, group.min);
      const auto ratio = static_cast<int32_t>(std::nearbyint(group.scale * (inverse * kRatioUnits)));
      const auto shift = static_cast<int32_t>(std::nearbyint(offset * (inverse * kShiftUnits)));
      const int32_t middle = group.code(k % w.group) + w.zero - kCodeMiddle;
      codes.push_back((((middle * ratio + 4) >> 3) + shift + 64) >> 7);
    }
  }

  float scale;
  std::vector<int32_t> codes;
};

void code_tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                    const ProductRows& out) noexcept {
  for (int64_t n = panel_begin * kPanelRows; n < std::min(panel_end * kPanelRows, w.rows); ++n) {
    const std::byte* panel = w.data + n / kPanelRows * w.panel_bytes();
    std::vector<float> sums(static_cast<size_t>(x.rows));
    for (int64_t stretch = 0; stretch < x.stretch_count(); ++stretch) {
      constexpr int64_t kStretch = CodeTiles::kStretchTiles * CodeTiles::kColumns;
      const int64_t begin = stretch * kStretch, end = std::min(x.columns, begin + kStretch);
      const StretchCodes weights(w, panel, n % kPanelRows, begin, end);
      for (int64_t r = 0; r < x.rows; ++r) {
        const int64_t row_tile = r / CodeTiles::kRows, in_tile = r % CodeTiles::kRows;
        int32_t low = 0, high = 0;
        for (int64_t k = begin; k < end; ++k) {
          const int64_t tile = k / CodeTiles::kColumns;
          const int64_t at = (row_tile * x.column_tiles() + tile) * CodeTiles::kTileCodes +
                             in_tile * CodeTiles::kColumns + k % CodeTiles::kColumns;
          const int32_t weight = weights.codes[static_cast<size_t>(k - begin)];
          low += weight * x.codes[at];
          const uint16_t marks = x.marks[row_tile * x.stretch_count() + stretch];
          if ((marks >> tile % CodeTiles::kStretchTiles & 1) != 0) high += weight * x.high_codes[at];
        }
        const float scale = x.scales[(row_tile * x.stretch_count() + stretch) * CodeTiles::kRows + in_tile];
        sums[static_cast<size_t>(r)] +=
            (static_cast<float>(low) + 128.0f * static_cast<float>(high)) * (scale * weights.scale);
      }
    }
    for (int64_t r = 0; r < x.rows; ++r) store(out, r, n, sums[static_cast<size_t>(r)]);
  }
}
