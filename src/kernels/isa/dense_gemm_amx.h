// Products of dense weights on AMX tiles in bf16. Included inside the anonymous namespace of an ISA file, after
// tile_stretch_amx.h and dense_tiles512.h.

template <Dense kType>
void dense_tile_gemm_of(const void* w, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                        const ProductRows& out) {
  const DenseTiles<kType> panels{static_cast<const std::byte*>(w), w_rows, w_stride_bytes};
  multiply_panels(panels, 0, (w_rows + kPanelRows - 1) / kPanelRows, x, out);
}

void dense_tile_gemm(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                     const ProductRows& out) noexcept {
  const TileUse use;
  const auto run = type == Dense::f32   ? dense_tile_gemm_of<Dense::f32>
                   : type == Dense::f16 ? dense_tile_gemm_of<Dense::f16>
                                        : dense_tile_gemm_of<Dense::bf16>;
  run(w, w_rows, w_stride_bytes, x, out);
}
