// Weight formats: how rows of numbers are stored, and the list of those we know.
//
// A format is a value: name, block geometry, scalar decode and (where we can write it) encode. Central code loops over
// formats() and never names one. Plain F32, F16, BF16 and integer types are formats with a block of one element.
// A row of K elements is K / block_count consecutive blocks; K must be a multiple of block_count.
// Threads: constant data and pure functions. decode and encode are noexcept and read/write exactly the row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace estoc {

struct AffineView;

struct QuantFormat {
  std::string_view name;         // "q4_1", lower case, ggml's spelling
  std::string_view safetensors;  // dtype string in safetensors ("BF16") or empty
  int gguf_id;                   // ggml_type number, -1 when GGUF has none
  int block_count;               // elements in a block
  int block_bytes;               // bytes of a block
  // decode(source, target, count): count elements (a multiple of block_count) to f32, exactly the reference formula.
  void (*decode)(const std::byte* source, float* target, int64_t count) noexcept;
  // encode: f32 to blocks by plain rounding (no importance weights); null where we have no encoder.
  void (*encode)(const float* source, std::byte* target, int64_t count) noexcept;
  // Upper bound of the relative RMS error of decode(encode(x)) for Gaussian x; 0 for exact formats.
  double rms_error_max;
  // The integer view, when the format has one (quant/affine.h): what fast mode packs.
  const AffineView* affine = nullptr;

  int64_t row_bytes(int64_t count) const { return count / block_count * block_bytes; }
  double bits_per_weight() const { return 8.0 * block_bytes / block_count; }
};

std::span<const QuantFormat* const> formats();
const QuantFormat* find_format(std::string_view name);  // nullptr when unknown
const QuantFormat* find_gguf_format(int64_t gguf_id);   // nullptr when unknown
const QuantFormat* find_safetensors_format(std::string_view dtype);
// ggml's name of a type number, also of types we cannot read ("iq2_xs"); empty when nobody knows it. For messages.
std::string_view gguf_type_name(int64_t gguf_id);

extern const QuantFormat f32, f16, bf16;

}  // namespace estoc
