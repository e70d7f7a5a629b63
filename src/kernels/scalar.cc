// The reference kernels: plain loops, written to be read. Every other level must equal these.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "kernels/kernels.h"
#include "quant/f8.h"
#include "quant/half.h"

namespace estoc::kernels {
namespace {

// A block far below the largest of its row gets codes of 0 rather than a scale whose ratio would overflow.
constexpr float kScaleRange = 1e-12f;

void quantize_row(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationScale* scales,
                  ActivationSums* sums) noexcept {
  const float code_max = low_codes == nullptr ? 127.0f : 127.0f * 256.0f;
  float row_largest = 0;
  for (int64_t k = 0; k < columns; ++k) row_largest = std::max(row_largest, std::fabs(x[k]));
  float previous = 0;
  for (int64_t begin = 0; begin < columns; begin += kActivationBlock, ++scales) {
    const int64_t end = std::min(columns, begin + kActivationBlock);
    float largest = 0;
    for (int64_t k = begin; k < end; ++k) largest = std::max(largest, std::fabs(x[k]));
    largest = std::max(largest, row_largest * kScaleRange);
    const float inverse = largest > 0 ? code_max / largest : 0.0f;
    for (int64_t k = begin; k < end; ++k) {
      if (k % kActivationGroup == 0) sums[k / kActivationGroup] = {};
      const auto code = static_cast<int32_t>(std::nearbyint(x[k] * inverse));
      if (low_codes == nullptr) {
        codes[k] = static_cast<int8_t>(code);
      } else {
        codes[k] = static_cast<int8_t>((code + 128) >> 8);
        low_codes[k] = static_cast<int8_t>(code - 256 * codes[k]);
      }
      ActivationSums& group = sums[k / kActivationGroup];
      group.minus_all -= code;
      group.minus_half[k % kActivationGroup / 16] -= code;
      group.all += static_cast<float>(code);
      group.half[k % kActivationGroup / 16] += static_cast<float>(code);
    }
    scales->scale = largest / code_max;
    scales->ratio = previous > 0 ? previous / scales->scale : 1.0f;
    previous = scales->scale;
  }
}

float load_scale(const std::byte* at, int64_t index, ScaleType type) {
  if (type == ScaleType::f32) {
    float value;
    std::memcpy(&value, at + 4 * index, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, at + 2 * index, 2);
  return type == ScaleType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
}

// Code of (row in panel, column in group).
int load_code(const PanelMatrix& w, const std::byte* codes, int64_t row, int64_t column) {
  if (w.bits == 8) return std::to_integer<int>(codes[column / 4 * 64 + row * 4 + column % 4]);
  const int pair = std::to_integer<int>(codes[column / 8 * 64 + row * 4 + column % 4]);
  const int code = column % 8 < 4 ? pair & 15 : pair >> 4;
  return w.values == nullptr ? code : w.values[code];
}

// One group's codes, scales and minima of one weight row.
struct PanelGroup {
  PanelGroup(const PanelMatrix& matrix, const std::byte* group, int64_t panel_row) : w(matrix), row(panel_row) {
    scale = load_scale(group, row, w.scale_type);
    min = w.has_min ? load_scale(group + w.scale_bytes(), row, w.scale_type) : 0.0f;
    codes = group + w.scale_bytes() * (w.has_min ? 2 : 1);
  }
  int code(int64_t k) const { return load_code(w, codes, row, k) - w.zero; }
  float value(int64_t k) const { return std::fma(static_cast<float>(code(k)), scale, min); }

  const PanelMatrix& w;
  int64_t row;
  float scale, min;
  const std::byte* codes;
};

float panel_dot(const PanelMatrix& w, const std::byte* panel, int64_t row, const QuantizedRows& x, int64_t x_row) {
  const int8_t* codes = x.codes + x_row * x.columns;
  const int8_t* low_codes = x.low_codes == nullptr ? nullptr : x.low_codes + x_row * x.columns;
  float result = 0;
  for (int64_t g = 0; g < w.columns / w.group; ++g) {
    const PanelGroup group(w, panel + g * w.group_bytes(), row);
    int32_t dot = 0, sum = 0;
    for (int64_t k = 0; k < w.group; ++k) {
      int32_t code = codes[g * w.group + k];
      if (low_codes != nullptr) code = 256 * code + low_codes[g * w.group + k];
      dot += group.code(k) * code;
      sum += code;
    }
    const float activation_scale = x.scales[x_row * x.block_count() + g * w.group / kActivationBlock].scale;
    result += activation_scale * (group.scale * static_cast<float>(dot) + group.min * static_cast<float>(sum));
  }
  return result;
}

void store(const ProductRows& out, int64_t row, int64_t n, float value) {
  float& target = out.values[row * out.stride + n];
  target = out.is_added ? target + value : value;
}

void panel_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                int64_t row_end, const ProductRows& out) noexcept {
  for (int64_t n = panel_begin * kPanelRows; n < std::min(panel_end * kPanelRows, w.rows); ++n) {
    const std::byte* panel = w.data + n / kPanelRows * w.panel_bytes();
    for (int64_t r = row_begin; r < row_end; ++r) {
      store(out, r, n, panel_dot(w, panel, n % kPanelRows, x, r));
    }
  }
}

float row_tile_value(const RowTiles& x, int64_t r, int64_t k) {
  const int64_t tile = r / RowTiles::kRows * (x.columns / RowTiles::kColumns) + k / RowTiles::kColumns;
  const int64_t in_tile = r % RowTiles::kRows * RowTiles::kColumns + k % RowTiles::kColumns;
  return bf16_to_f32(x.values[tile * RowTiles::kRows * RowTiles::kColumns + in_tile]);
}

void make_row_tiles(const float* x, int64_t row_count, int64_t row_stride, int64_t columns, uint16_t* tiles) noexcept {
  for (int64_t k = 0; k < columns; k += RowTiles::kColumns) {
    for (int64_t r = 0; r < RowTiles::kRows; ++r) {
      for (int64_t i = 0; i < RowTiles::kColumns; ++i, ++tiles) {
        *tiles = r < row_count ? f32_to_bf16(x[r * row_stride + k + i]) : uint16_t{0};
      }
    }
  }
}

void tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
               const ProductRows& out) noexcept {
  for (int64_t n = panel_begin * kPanelRows; n < std::min(panel_end * kPanelRows, w.rows); ++n) {
    const std::byte* panel = w.data + n / kPanelRows * w.panel_bytes();
    for (int64_t r = 0; r < x.rows; ++r) {
      float sum = 0;
      for (int64_t k = 0; k < w.columns; ++k) {
        const PanelGroup group(w, panel + k / w.group * w.group_bytes(), n % kPanelRows);
        sum += row_tile_value(x, r, k) * bf16_to_f32(f32_to_bf16(group.value(k % w.group)));
      }
      store(out, r, n, sum);
    }
  }
}

#include "kernels/code_tiles.inl.h"

#include "kernels/scalar_code_tiles.inl.h"

float load_dense(Dense type, const std::byte* row, int64_t k) {
  if (type == Dense::f32) {
    float value;
    std::memcpy(&value, row + 4 * k, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, row + 2 * k, 2);
  return type == Dense::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
}

void dense_gemm(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  for (int64_t n = 0; n < w_rows; ++n) {
    const std::byte* row = static_cast<const std::byte*>(w) + n * w_stride_bytes;
    for (int64_t r = 0; r < x_rows; ++r) {
      float sum = 0;
      for (int64_t k = 0; k < columns; ++k) sum += load_dense(type, row, k) * x[r * x_stride + k];
      store(out, r, n, sum);
    }
  }
}

void dense_tile_gemm(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                     const ProductRows& out) noexcept {
  for (int64_t n = 0; n < w_rows; ++n) {
    const std::byte* row = static_cast<const std::byte*>(w) + n * w_stride_bytes;
    for (int64_t r = 0; r < x.rows; ++r) {
      float sum = 0;
      for (int64_t k = 0; k < x.columns; ++k) {
        const float weight = load_dense(type, row, k), high = bf16_to_f32(f32_to_bf16(weight));
        const float low = bf16_to_f32(f32_to_bf16(weight - high));
        sum += row_tile_value(x, r, k) * high;
        sum += row_tile_value(x, r, k) * low;
      }
      store(out, r, n, sum);
    }
  }
}

void widen(Dense type, const void* x, int64_t count, float* out) noexcept {
  for (int64_t i = 0; i < count; ++i) out[i] = load_dense(type, static_cast<const std::byte*>(x), i);
}

// Without the two codes that are NaN.
float load_f8(const F8Rows& w, int64_t n, int64_t k) {
  const auto code = static_cast<uint8_t>(w.codes[n * w.stride_bytes + k]);
  if ((code & 0x7F) == 0x7F) return code == 0x7F ? 480.0f : -480.0f;
  return f8_e4m3_to_f32(code);
}

// value(r, k) gives the activations.
template <typename Value>
void multiply_f8(const F8Rows& w, int64_t x_rows, const ProductRows& out, Value&& value) {
  for (int64_t n = 0; n < w.rows; ++n) {
    for (int64_t r = 0; r < x_rows; ++r) {
      float total = 0;
      for (int64_t begin = 0, block = 0; begin < w.columns; begin += w.scale_columns, ++block) {
        float sum = 0;
        for (int64_t k = begin; k < std::min(w.columns, begin + w.scale_columns); ++k) {
          sum += value(r, k) * load_f8(w, n, k);
        }
        total += sum * w.scale(n, block);
      }
      store(out, r, n, total);
    }
  }
}

void f8_gemm(const F8Rows& w, const float* x, int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  multiply_f8(w, x_rows, out, [&](int64_t r, int64_t k) { return x[r * x_stride + k]; });
}

void f8_tile_gemm(const F8Rows& w, const RowTiles& x, const ProductRows& out) noexcept {
  multiply_f8(w, x.rows, out, [&](int64_t r, int64_t k) { return row_tile_value(x, r, k); });
}

void widen_f8(const F8Rows& w, float* out) noexcept {
  for (int64_t n = 0; n < w.rows; ++n) {
    for (int64_t k = 0; k < w.columns; ++k) *out++ = load_f8(w, n, k) * w.scale(n, k / w.scale_columns);
  }
}

void rms_norm(const float* x, const float* weight, float eps, int64_t count, float* out) noexcept {
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) squares += static_cast<double>(x[i]) * x[i];
  const float factor = 1.0f / std::sqrt(static_cast<float>(squares / static_cast<double>(count)) + eps);
  for (int64_t i = 0; i < count; ++i) out[i] = x[i] * factor * weight[i];
}

void layer_norm(const float* x, const float* weight, const float* bias, float eps, int64_t count, float* out) noexcept {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i];
  const auto mean = static_cast<float>(sum / static_cast<double>(count));
  for (int64_t i = 0; i < count; ++i) squares += static_cast<double>(x[i] - mean) * (x[i] - mean);
  const float factor = 1.0f / std::sqrt(static_cast<float>(squares / static_cast<double>(count)) + eps);
  for (int64_t i = 0; i < count; ++i) {
    out[i] = (x[i] - mean) * factor * weight[i] + (bias == nullptr ? 0.0f : bias[i]);
  }
}

void rope(float* head, const float* cos, const float* sin, int64_t half) noexcept {
  for (int64_t i = 0; i < half; ++i) {
    const float a = head[i], b = head[i + half];
    head[i] = a * cos[i] - b * sin[i];
    head[i + half] = b * cos[i] + a * sin[i];
  }
}

void short_conv(const ShortConv& conv) noexcept {
  const int64_t kept = conv.width - 1;
  for (int64_t r = 0; r < conv.row_count; ++r) {
    const float* const b = conv.b + r * conv.row_stride;
    const float* const gate = conv.gate + r * conv.row_stride;
    const float* const x = conv.x + r * conv.row_stride;
    float* const out = conv.out + r * conv.out_stride;
    for (int64_t c = conv.begin; c < conv.end; ++c) {
      const float value = b[c] * x[c];
      float sum = conv.bias == nullptr ? 0.0f : conv.bias[c];
      for (int64_t k = 0; k < kept; ++k) sum += conv.taps[k * conv.columns + c] * conv.state[k * conv.columns + c];
      sum += conv.taps[kept * conv.columns + c] * value;
      for (int64_t k = 0; k + 1 < kept; ++k) conv.state[k * conv.columns + c] = conv.state[(k + 1) * conv.columns + c];
      if (kept > 0) conv.state[(kept - 1) * conv.columns + c] = value;
      out[c] = gate[c] * sum;
    }
  }
}

void causal_conv(const CausalConv& conv) noexcept {
  const int64_t kept = conv.width - 1;
  for (int64_t r = 0; r < conv.row_count; ++r) {
    for (int64_t c = conv.begin; c < conv.end; ++c) {
      const float value = conv.in[r * conv.in_stride + c];
      float sum = conv.bias == nullptr ? 0.0f : conv.bias[c];
      for (int64_t k = 0; k < kept; ++k) {
        sum += conv.taps[k * conv.tap_stride + c] * conv.state[k * conv.state_stride + c];
        if (k > 0) conv.state[(k - 1) * conv.state_stride + c] = conv.state[k * conv.state_stride + c];
      }
      if (kept > 0) conv.state[(kept - 1) * conv.state_stride + c] = value;
      sum += conv.taps[kept * conv.tap_stride + c] * value;
      conv.out[r * conv.out_stride + c] = sum / (1.0f + std::exp(-sum));
    }
  }
}

#include "kernels/scalar_ssd.inl.h"

#include "kernels/scalar_scan.inl.h"

float activated(Activation activation, float x) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0f + std::exp(-x));
    case Activation::gelu:
      return 0.5f * x * std::erfc(-x / std::numbers::sqrt2_v<float>);
    case Activation::gelu_tanh:
      return x / (1.0f + std::exp(-1.5957691216f * (x + 0.044715f * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0f);
    case Activation::sigmoid:
      return 1.0f / (1.0f + std::exp(-x));
    case Activation::relu_squared:
      break;
  }
  return std::max(x, 0.0f) * std::max(x, 0.0f);
}

void delta_rule(const DeltaRule& rule) noexcept {
  for (int64_t r = 0; r < rule.row_count; ++r) {
    const float* const q = rule.q + r * rule.key_stride;
    const float* const k = rule.k + r * rule.key_stride;
    const float decay = rule.decay[r * rule.gate_stride], beta = rule.beta[r * rule.gate_stride];
    for (int64_t c = rule.block_begin * kDeltaLanes; c < std::min(rule.block_end * kDeltaLanes, rule.value_dim); ++c) {
      float* const state = rule.state + (c / kDeltaLanes * rule.key_dim) * kDeltaLanes + c % kDeltaLanes;
      float foreseen = 0, answer = 0;
      for (int64_t i = 0; i < rule.key_dim; ++i) {
        state[i * kDeltaLanes] *= decay;
        foreseen += state[i * kDeltaLanes] * k[i];
      }
      const float written = beta * (rule.v[r * rule.value_stride + c] - foreseen);
      for (int64_t i = 0; i < rule.key_dim; ++i) {
        state[i * kDeltaLanes] += k[i] * written;
        answer += state[i * kDeltaLanes] * q[i];
      }
      rule.out[r * rule.out_stride + c] = answer;
    }
  }
}

void activate(Activation activation, const float* x, const float* up, int64_t count, float* out) noexcept {
  for (int64_t i = 0; i < count; ++i) out[i] = activated(activation, x[i]) * (up == nullptr ? 1.0f : up[i]);
}

void clamped_swiglu(float slope, float limit, const float* gate, const float* up, int64_t count, float* out) noexcept {
  for (int64_t i = 0; i < count; ++i) {
    const float g = std::min(gate[i], limit), u = std::clamp(up[i], -limit, limit);
    out[i] = g / (1.0f + std::exp(-slope * g)) * (u + 1.0f);
  }
}

void soft_cap(float cap, int64_t count, float* x) noexcept {
  for (int64_t i = 0; i < count; ++i) x[i] = cap * std::tanh(x[i] / cap);
}

void add(const float* x, int64_t count, float* target) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] += x[i];
}

void add_scaled(float scale, const float* x, int64_t count, float* target) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] += scale * x[i];
}

// Where element (position in block, dim) of keys or values lies, in elements.
int64_t kv_index(KvType type, bool is_key, int64_t padded_dim, int64_t slot, int64_t d) {
  const int64_t pack = type == KvType::bf16 ? 2 : type == KvType::int8 ? 4 : 1;
  if (is_key) return (d / pack * kKvBlockTokens + slot) * pack + d % pack;
  return (slot / pack * padded_dim + d) * pack + slot % pack;
}

template <typename T>
T load_as(const std::byte* at, int64_t index) {
  T value;
  std::memcpy(&value, at + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void store_as(std::byte* at, int64_t index, T value) {
  std::memcpy(at + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

float load_kv(const std::byte* head, const AttentionTile& tile, bool is_key, int64_t slot, int64_t d) {
  const int64_t index = kv_index(tile.type, is_key, kv_padded_dim(tile.head_dim), slot, d);
  switch (tile.type) {
    case KvType::f32:
      return load_as<float>(head, index);
    case KvType::f16:
      return f16_to_f32(load_as<uint16_t>(head, index));
    case KvType::bf16:
      return bf16_to_f32(load_as<uint16_t>(head, index));
    case KvType::int8:
      break;
  }
  const float scale = load_as<float>(head + kv_code_bytes(KvType::int8, tile.head_dim), slot);
  return scale * static_cast<float>(load_as<int8_t>(head, index));
}

int output_dim(const AttentionTile& tile) { return tile.values == nullptr ? tile.value_dim : tile.head_dim; }

// Maximum score (in units of log2), sum of weights and weighted sum of values of query i over [begin, end).
void attend_range(const AttentionTile& tile, int i, int begin, int end, float* largest, double* weight_sum,
                  double* sums) {
  const int64_t dims = tile.head_dim, value_dims = output_dim(tile);
  const bool are_keys = tile.values == nullptr;
  const auto block = [&](const std::byte* base, int64_t position) {
    return base + tile.blocks[position / kKvBlockTokens] * tile.block_bytes;
  };
  const auto score = [&](int64_t position) {
    const std::byte* keys = block(tile.keys, position);
    float dot = 0;
    for (int64_t d = 0; d < dims; ++d) {
      dot += tile.queries[i][d] * load_kv(keys, tile, true, position % kKvBlockTokens, d);
    }
    const float score = dot * tile.scale;
    const float capped = tile.softcap > 0 ? tile.softcap * std::tanh(score / tile.softcap) : score;
    return capped * std::numbers::log2e_v<float>;
  };
  *largest = -INFINITY;
  *weight_sum = 0;
  std::fill_n(sums, value_dims, 0.0);
  for (int position = begin; position < end; ++position) *largest = std::max(*largest, score(position));
  for (int position = begin; position < end; ++position) {
    const double weight = std::exp2(static_cast<double>(score(position) - *largest));
    *weight_sum += weight;
    const std::byte* values = block(are_keys ? tile.keys : tile.values, position);
    for (int64_t d = 0; d < value_dims; ++d) {
      sums[d] += weight * load_kv(values, tile, are_keys, position % kKvBlockTokens, d);
    }
  }
}

// A sink takes weight from the values and gives nothing back.
double with_sink(double weight_sum, float largest, bool has_sink, float sink) {
  return has_sink ? weight_sum + std::exp2(sink * std::numbers::log2e - static_cast<double>(largest)) : weight_sum;
}

void attention(const AttentionTile& tile) noexcept {
  for (int i = 0; i < tile.query_count; ++i) {
    double sums[kHeadDimMax], weight_sum;
    float largest;
    if (tile.partials == nullptr) {
      const int begin = std::max(tile.first[i], tile.chunk_begin * kAttentionChunk);
      const int end = std::min(tile.visible[i], tile.chunk_end * kAttentionChunk);
      attend_range(tile, i, begin, end, &largest, &weight_sum, sums);
      weight_sum = with_sink(weight_sum, largest, tile.has_sinks, tile.sinks[i]);
      for (int d = 0; d < output_dim(tile); ++d) tile.outputs[i][d] = static_cast<float>(sums[d] / weight_sum);
      continue;
    }
    for (int chunk = tile.chunk_begin; chunk < tile.chunk_end; ++chunk) {
      float* partial =
          tile.partials + (int64_t{chunk - tile.chunk_begin} * tile.query_count + i) * partial_floats(tile.head_dim);
      attend_range(tile, i, std::max(tile.first[i], chunk * kAttentionChunk),
                   std::min(tile.visible[i], (chunk + 1) * kAttentionChunk), &partial[0], &weight_sum, sums);
      partial[1] = static_cast<float>(weight_sum);
      for (int d = 0; d < output_dim(tile); ++d) partial[kPartialHeader + d] = static_cast<float>(sums[d]);
    }
  }
}

void attention_merge(const AttentionMerge& merge) noexcept {
  float largest = -INFINITY;
  for (int c = 0; c < merge.chunk_count; ++c) largest = std::max(largest, merge.partials[c * merge.chunk_stride]);
  double sums[kHeadDimMax] = {}, weight_sum = 0;
  for (int c = 0; c < merge.chunk_count; ++c) {
    const float* partial = merge.partials + c * merge.chunk_stride;
    const double factor = std::exp2(static_cast<double>(partial[0] - largest));
    weight_sum += factor * partial[1];
    for (int d = 0; d < merge.head_dim; ++d) sums[d] += factor * partial[kPartialHeader + d];
  }
  weight_sum = with_sink(weight_sum, largest, merge.has_sink, merge.sink);
  for (int d = 0; d < merge.head_dim; ++d) merge.output[d] = static_cast<float>(sums[d] / weight_sum);
}

void write_head(const KvRun& run, bool is_key, const float* x, int64_t slot, std::byte* head) {
  const int64_t padded_dim = kv_padded_dim(run.head_dim);
  float largest = 0;
  for (int d = 0; d < run.head_dim; ++d) largest = std::max(largest, std::fabs(x[d]));
  const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
  if (run.type == KvType::int8) store_as(head + kv_code_bytes(run.type, run.head_dim), slot, largest / 127.0f);
  for (int64_t d = 0; d < padded_dim; ++d) {
    const float value = d < run.head_dim ? x[d] : 0.0f;
    const int64_t index = kv_index(run.type, is_key, padded_dim, slot, d);
    switch (run.type) {
      case KvType::f32:
        store_as(head, index, value);
        break;
      case KvType::f16:
        store_as(head, index, f32_to_f16(value));
        break;
      case KvType::bf16:
        store_as(head, index, f32_to_bf16(value));
        break;
      case KvType::int8:
        store_as(head, index, static_cast<int8_t>(std::nearbyint(value * inverse)));
        break;
    }
  }
}

void write_kv(const KvRun& run) noexcept {
  if (run.slot == 0) {
    std::byte* const cleared = run.values == nullptr ? run.keys : run.values;
    std::memset(cleared, 0, static_cast<size_t>(kv_head_bytes(run.type, run.head_dim)));
  }
  for (int i = 0; i < run.count; ++i) {
    write_head(run, true, run.k + i * run.row_stride, run.slot + i, run.keys);
    if (run.values != nullptr) write_head(run, false, run.v + i * run.row_stride, run.slot + i, run.values);
  }
}

void to_f16(const float* x, int64_t count, uint16_t* out) noexcept {
  for (int64_t i = 0; i < count; ++i) out[i] = f32_to_f16(x[i]);
}

}  // namespace

extern const Kernels scalar;
constinit const Kernels scalar = {
    .name = "scalar",
    .isa = Isa::scalar,
    .quantize_row = quantize_row,
    .panel_gemm = panel_gemm,
    .tile_rows_min = 0,
    .make_row_tiles = make_row_tiles,
    .tile_gemm = tile_gemm,
    .code_rows_min = 0,
    .make_code_tiles = make_code_tiles,
    .code_tile_gemm = code_tile_gemm,
    .dense_gemm = dense_gemm,
    .dense_tile_rows_min = 0,
    .split_tile_rows_min = 0,
    .dense_tile_gemm = dense_tile_gemm,
    .widen = widen,
    .f8_gemm = f8_gemm,
    .f8_tile_rows_min = 0,
    .f8_tile_gemm = f8_tile_gemm,
    .widen_f8 = widen_f8,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .rope = rope,
    .activate = activate,
    .clamped_swiglu = clamped_swiglu,
    .soft_cap = soft_cap,
    .add = add,
    .add_scaled = add_scaled,
    .short_conv = short_conv,
    .causal_conv = causal_conv,
    .delta_rule = delta_rule,
    .ssd_rows = ssd_rows,
    .ssd_chunk = ssd_rows,
    .ssd_steps = ssd_steps,
    .selective_scan = selective_scan,
    .attention = attention,
    .attention_merge = attention_merge,
    .write_kv = write_kv,
    .to_f16 = to_f16,
};

}  // namespace estoc::kernels
