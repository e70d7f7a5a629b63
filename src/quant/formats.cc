// The list of formats. A new format is one line here.
#include <array>

#include "quant/f8.h"
#include "quant/format.h"
#include "quant/iq4.h"
#include "quant/k_affine.h"
#include "quant/k_symmetric.h"
#include "quant/mxfp4.h"
#include "quant/plain.h"
#include "quant/q4.h"
#include "quant/q5.h"
#include "quant/q8.h"

namespace estoc {
namespace {

constexpr auto kFormats = std::to_array<const QuantFormat*>({
    &f32,     &f16,   &bf16,                         // plain
    &f8_e4m3, &f8_e8m0,                              // with scales beside them, and scales
    &q4_0,    &q4_1,  &q5_0, &q5_1, &q8_0,           // blocks of 32
    &iq4_nl,  &mxfp4,                                // the same with a table of values
    &q2_k,    &q3_k,  &q4_k, &q5_k, &q6_k, &iq4_xs,  // super-blocks of 256
    &f64,     &i8,    &i16,  &i32,  &i64,            // side tables
    &boolean, &u8,    &u16,  &u32,  &u64,            // safetensors only
});

// Types of GGUF that we can name and not read (ggml's include/ggml.h).
struct TypeName {
  int id;
  std::string_view name;
};
constexpr TypeName kUnreadTypes[] = {
    {4, "q4_2"},     {5, "q4_3"},   {9, "q8_1"},   {15, "q8_k"},  {16, "iq2_xxs"}, {17, "iq2_xs"},
    {18, "iq3_xxs"}, {19, "iq1_s"}, {21, "iq3_s"}, {22, "iq2_s"}, {29, "iq1_m"},   {34, "tq1_0"},
    {35, "tq2_0"},   {40, "nvfp4"}, {41, "q1_0"},  {42, "q2_0"},
};

template <typename Matches>
const QuantFormat* find_if(Matches matches) {
  for (const QuantFormat* format : kFormats) {
    if (matches(*format)) return format;
  }
  return nullptr;
}

}  // namespace

std::span<const QuantFormat* const> formats() { return kFormats; }

const QuantFormat* find_format(std::string_view name) {
  return find_if([&](const QuantFormat& format) { return format.name == name; });
}

const QuantFormat* find_gguf_format(int64_t gguf_id) {
  if (gguf_id < 0) return nullptr;
  return find_if([&](const QuantFormat& format) { return format.gguf_id == gguf_id; });
}

const QuantFormat* find_safetensors_format(std::string_view dtype) {
  if (dtype.empty()) return nullptr;
  return find_if([&](const QuantFormat& format) { return format.safetensors == dtype; });
}

std::string_view gguf_type_name(int64_t gguf_id) {
  if (const QuantFormat* format = find_gguf_format(gguf_id)) return format->name;
  for (const TypeName& type : kUnreadTypes) {
    if (type.id == gguf_id) return type.name;
  }
  return {};
}

}  // namespace estoc
