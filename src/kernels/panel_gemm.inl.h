// The table's panel_gemm over a level's own panel_gemm_of<codes, group, is_wide>, chosen once a call by the layouts
// given. Included inside the anonymous namespace of each ISA file, after its panel tiles.

template <bool kIsWide>
auto panel_gemm_for(const PanelMatrix& w) {
  switch (w.codes()) {
    case Codes::indices:
      return panel_gemm_of<Codes::indices, 32, kIsWide>;
    case Codes::nibbles:
      return w.group == 32 ? panel_gemm_of<Codes::nibbles, 32, kIsWide> : panel_gemm_of<Codes::nibbles, 16, kIsWide>;
    case Codes::bytes:
      break;
  }
  return w.group == 32 ? panel_gemm_of<Codes::bytes, 32, kIsWide> : panel_gemm_of<Codes::bytes, 16, kIsWide>;
}

void panel_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                int64_t row_end, const ProductRows& out) noexcept {
  const auto run = x.low_codes == nullptr ? panel_gemm_for<false>(w) : panel_gemm_for<true>(w);
  run(w, panel_begin, panel_end, x, row_begin, row_end, out);
}
