#include "api/vector_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace estoc::api {
namespace {

// The longest there is: "-1.1754944e-38".
constexpr size_t kFloatCharsMax = 16;

double squared_length(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double(value) * value;
  return sum;
}

}  // namespace

void append_number(std::string& out, float value) {
  char text[kFloatCharsMax];
  out.append(text, std::to_chars(text, text + kFloatCharsMax, value).ptr);
}

void append_numbers(std::string& out, std::span<const float> values) {
  const size_t begin = out.size();
  out.resize(begin + 2 + values.size() * (kFloatCharsMax + 1));
  char* at = out.data() + begin;
  *at++ = '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) *at++ = ',';
    at = std::to_chars(at, at + kFloatCharsMax, values[i]).ptr;
  }
  *at++ = ']';
  out.resize(static_cast<size_t>(at - out.data()));
}

void append_base64(std::string& out, std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little);
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  const size_t count = values.size_bytes(), begin = out.size();
  out.resize(begin + 2 + (count + 2) / 3 * 4);
  char* at = out.data() + begin;
  *at++ = '"';
  for (size_t i = 0; i < count; i += 3) {
    const size_t rest = count - i;
    const uint32_t group = uint32_t{bytes[i]} << 16 | (rest > 1 ? uint32_t{bytes[i + 1]} << 8 : 0) |
                           (rest > 2 ? uint32_t{bytes[i + 2]} : 0);
    *at++ = kAlphabet[group >> 18];
    *at++ = kAlphabet[group >> 12 & 63];
    *at++ = rest > 1 ? kAlphabet[group >> 6 & 63] : '=';
    *at++ = rest > 2 ? kAlphabet[group & 63] : '=';
  }
  *at = '"';
}

void normalize(std::span<float> values) {
  const double length = std::sqrt(squared_length(values));
  if (length == 0) return;
  for (float& value : values) value = static_cast<float>(value / length);
}

float cosine(std::span<const float> a, std::span<const float> b) {
  const double lengths = std::sqrt(squared_length(a) * squared_length(b));
  if (lengths == 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return static_cast<float>(sum / lengths);
}

}  // namespace estoc::api
