#include "quant/plain.h"

#include <cstring>

#include "quant/half.h"

namespace estoc {
namespace {

template <typename Stored>
Stored load(const std::byte* source, int64_t index) noexcept {
  Stored value;
  std::memcpy(&value, source + index * int64_t{sizeof(Stored)}, sizeof value);
  return value;
}

template <typename Stored>
void store(std::byte* target, int64_t index, Stored value) noexcept {
  std::memcpy(target + index * int64_t{sizeof(Stored)}, &value, sizeof value);
}

template <typename Stored>
void decode_number(const std::byte* source, float* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] = static_cast<float>(load<Stored>(source, i));
}

// f64 past the range of f32 becomes an infinity, as IEEE conversion has it; spelled out because C++ leaves it
// undefined.
void decode_f64(const std::byte* source, float* target, int64_t count) noexcept {
  constexpr double kRoundsToInfinity = 0x1.ffffffp127;
  for (int64_t i = 0; i < count; ++i) {
    const double value = load<double>(source, i);
    const float infinity = std::bit_cast<float>(0x7F800000u);
    if (value >= kRoundsToInfinity) {
      target[i] = infinity;
    } else if (value <= -kRoundsToInfinity) {
      target[i] = -infinity;
    } else {
      target[i] = static_cast<float>(value);
    }
  }
}

void encode_f64(const float* source, std::byte* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) store<double>(target, i, source[i]);
}

void decode_f32(const std::byte* source, float* target, int64_t count) noexcept {
  if (count > 0) std::memcpy(target, source, static_cast<size_t>(count) * sizeof(float));
}

void encode_f32(const float* source, std::byte* target, int64_t count) noexcept {
  if (count > 0) std::memcpy(target, source, static_cast<size_t>(count) * sizeof(float));
}

void decode_f16(const std::byte* source, float* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] = f16_to_f32(load<uint16_t>(source, i));
}

void encode_f16(const float* source, std::byte* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) store(target, i, f32_to_f16(source[i]));
}

void decode_bf16(const std::byte* source, float* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] = bf16_to_f32(load<uint16_t>(source, i));
}

void encode_bf16(const float* source, std::byte* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) store(target, i, f32_to_bf16(source[i]));
}

template <typename Stored>
constexpr QuantFormat integer(std::string_view name, std::string_view safetensors, int gguf_id) {
  return {name, safetensors, gguf_id, 1, sizeof(Stored), decode_number<Stored>, nullptr, 0.0};
}

}  // namespace

constinit const QuantFormat f32 = {"f32", "F32", 0, 1, 4, decode_f32, encode_f32, 0.0};
constinit const QuantFormat f16 = {"f16", "F16", 1, 1, 2, decode_f16, encode_f16, 0x1p-11};
constinit const QuantFormat bf16 = {"bf16", "BF16", 30, 1, 2, decode_bf16, encode_bf16, 0x1p-8};
constinit const QuantFormat f64 = {"f64", "F64", 28, 1, 8, decode_f64, encode_f64, 0.0};
constinit const QuantFormat i8 = integer<int8_t>("i8", "I8", 24);
constinit const QuantFormat i16 = integer<int16_t>("i16", "I16", 25);
constinit const QuantFormat i32 = integer<int32_t>("i32", "I32", 26);
constinit const QuantFormat i64 = integer<int64_t>("i64", "I64", 27);
constinit const QuantFormat u8 = integer<uint8_t>("u8", "U8", -1);
constinit const QuantFormat u16 = integer<uint16_t>("u16", "U16", -1);
constinit const QuantFormat u32 = integer<uint32_t>("u32", "U32", -1);
constinit const QuantFormat u64 = integer<uint64_t>("u64", "U64", -1);
constinit const QuantFormat boolean = integer<uint8_t>("bool", "BOOL", -1);

}  // namespace estoc
