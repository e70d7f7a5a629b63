// Keys and values of a run of positions into their block, over the vector vocabulary `V`.
// Included inside the anonymous namespace of each ISA file, after the vocabulary.
// The loops over plain integers are left to the compiler.

inline uint32_t bf16_bits(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return (bits & 0x7FFFFFFFu) > 0x7F800000u ? bits >> 16 | 0x40 : rounded;  // NaN stays one
}

// Puts `bits` into the part of each unit that `mask << shift` covers; [count] units `stride` apart.
inline void insert_units(uint32_t* units, const uint32_t* bits, uint32_t mask, int shift, int64_t count) {
  const uint32_t keep = ~(mask << shift);
  for (int64_t d = 0; d < count; ++d) units[d] = (units[d] & keep) | bits[d] << shift;
}

// One position of one head; x is padded with zeros to padded_dim.
inline void write_position(KvType type, const float* x, int64_t padded_dim, int slot, bool is_key, std::byte* head) {
  alignas(64) uint32_t bits[kHeadDimMax];
  if (type == KvType::f32) {
    auto* to = reinterpret_cast<float*>(head);
    for (int64_t d = 0; d < padded_dim; ++d) to[is_key ? d * 16 + slot : slot * padded_dim + d] = x[d];
  } else if (type == KvType::f16) {
    auto* to = reinterpret_cast<uint16_t*>(head);
    alignas(64) uint16_t halves[kHeadDimMax];
    for (int64_t d = 0; d < padded_dim; d += V::kWidth) V::store_f16(halves + d, V::load(x + d));
    for (int64_t d = 0; d < padded_dim; ++d) to[is_key ? d * 16 + slot : slot * padded_dim + d] = halves[d];
  } else if (type == KvType::bf16) {
    auto* to = reinterpret_cast<uint32_t*>(head);
    for (int64_t d = 0; d < padded_dim; ++d) bits[d] = bf16_bits(x[d]);
    if (is_key) {
      for (int64_t d = 0; d < padded_dim; d += 2) to[d / 2 * 16 + slot] = bits[d] | bits[d + 1] << 16;
    } else {
      insert_units(to + slot / 2 * padded_dim, bits, 0xFFFF, slot % 2 * 16, padded_dim);
    }
  } else {
    auto* to = reinterpret_cast<uint32_t*>(head);
    V::Reg large = V::zero();
    for (int64_t d = 0; d < padded_dim; d += V::kWidth) large = V::max(large, V::abs(V::load(x + d)));
    const float largest = V::largest(large);
    const V::Reg inverse = V::set1(largest > 0 ? 127.0f / largest : 0.0f);
    alignas(64) int8_t codes[kHeadDimMax];
    for (int64_t d = 0; d < padded_dim; d += V::kWidth) V::store_i8(codes + d, V::mul(V::load(x + d), inverse));
    reinterpret_cast<float*>(head + 16 * padded_dim)[slot] = largest / 127.0f;
    if (is_key) {
      for (int64_t d = 0; d < padded_dim; d += 4) __builtin_memcpy(&to[d / 4 * 16 + slot], codes + d, 4);
    } else {
      for (int64_t d = 0; d < padded_dim; ++d) bits[d] = static_cast<uint8_t>(codes[d]);
      insert_units(to + slot / 4 * padded_dim, bits, 0xFF, slot % 4 * 8, padded_dim);
    }
  }
}

void write_kv(const KvRun& run) noexcept {
  const int64_t padded_dim = kv_padded_dim(run.head_dim);
  if (run.slot == 0) {
    auto* cleared = reinterpret_cast<float*>(run.values == nullptr ? run.keys : run.values);
    for (int i = 0; i < kv_head_bytes(run.type, run.head_dim) / 4; i += V::kWidth) V::store(cleared + i, V::zero());
  }
  alignas(64) float padded[kHeadDimMax];
  for (int64_t d = run.head_dim; d < padded_dim; ++d) padded[d] = 0;
  for (int i = 0; i < run.count; ++i) {
    const auto write = [&](const float* x, bool is_key, std::byte* head) {
      if (padded_dim != run.head_dim) {
        for (int64_t d = 0; d < run.head_dim; ++d) padded[d] = x[d];
        x = padded;
      }
      write_position(run.type, x, padded_dim, run.slot + i, is_key, head);
    };
    write(run.k + i * run.row_stride, true, run.keys);
    if (run.values != nullptr) write(run.v + i * run.row_stride, false, run.values);
  }
}
