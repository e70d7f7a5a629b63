// Attention for AVX2: multiply-adds for every type.
// Included inside the anonymous namespace of an ISA file, after attention_fma.inl.h.
void attention(const AttentionTile& tile) noexcept {
  switch (tile.type) {
    case KvType::f32:
      return attend<FmaPath<KvType::f32>>(tile);
    case KvType::f16:
      return attend<FmaPath<KvType::f16>>(tile);
    case KvType::bf16:
      return attend<FmaPath<KvType::bf16>>(tile);
    case KvType::int8:
      return attend<FmaPath<KvType::int8>>(tile);
  }
}
