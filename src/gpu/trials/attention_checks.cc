#include <algorithm>
#include <numeric>

#include "gpu/source/attention_decode.h"
#include "gpu/source/rope.h"
#include "gpu/trials/kv_pool.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-6f;

// A pool of one layer, tables in shuffled blocks, and what a projection would hand over.
struct Setting {
  AttentionCase c;
  KvPool pool;
  int table_stride;
  std::vector<float> qkv, query_norm, key_norm, rotations;
  std::vector<uint32_t> tables;

  int width() const { return (c.heads + 2 * c.kv_heads) * c.head_dim; }
  uint32_t block(int row, int position) const {
    return tables[static_cast<size_t>(row) * table_stride + position / kKvPositions];
  }
  double value(int row, int position, int head, int dimension) const {
    return pool.value(block(row, position), head, position % kKvPositions, dimension);
  }
};

Setting draw_setting(const AttentionCase& c, Random& random) {
  const int rows = static_cast<int>(c.positions.size());
  const int last = *std::max_element(c.positions.begin(), c.positions.end());
  const int table_stride = last / kKvPositions + 1;
  Setting s{c, KvPool(c.form, c.head_dim, c.kv_heads, rows * table_stride), table_stride, {}, {}, {}, {}, {}};
  s.qkv = draw_floats(random, static_cast<size_t>(rows) * s.width(), 1.5f);
  if (c.has_head_norm) {
    s.query_norm = draw_floats(random, c.head_dim);
    s.key_norm = draw_floats(random, c.head_dim);
  }
  for (int p = 0; p <= last; ++p) {
    for (int i = 0; i < c.head_dim / 2; ++i) {
      const double angle = p * std::pow(10000.0, -2.0 * i / c.head_dim);
      s.rotations.push_back(static_cast<float>(std::cos(angle)));
      s.rotations.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  s.pool.fill(random);
  s.tables.resize(s.pool.blocks);
  std::iota(s.tables.begin(), s.tables.end(), 0);
  for (size_t i = s.tables.size(); i > 1; --i) std::swap(s.tables[i - 1], s.tables[random() % i]);
  return s;
}

double as_bf16(double x) { return bf16_to_f32(f32_to_bf16(static_cast<float>(x))); }

// Head `head` of a row's qkv, normed and rotated.
std::vector<double> rotated(const Setting& s, int row, int head, const std::vector<float>& norm) {
  const int d = s.c.head_dim;
  std::vector<double> x(d), y(d);
  double squares = 0;
  for (int i = 0; i < d; ++i) {
    x[i] = s.qkv[static_cast<size_t>(row) * s.width() + head * d + i];
    squares += x[i] * x[i];
  }
  for (int i = 0; i < d && !norm.empty(); ++i) x[i] *= norm[i] / std::sqrt(squares / d + kEpsilon);
  const float* rotation = &s.rotations[static_cast<size_t>(s.c.positions[row]) * d];
  for (int i = 0; i < d / 2; ++i) {
    y[i] = x[i] * rotation[2 * i] - x[i + d / 2] * rotation[2 * i + 1];
    y[i + d / 2] = x[i + d / 2] * rotation[2 * i] + x[i] * rotation[2 * i + 1];
  }
  return y;
}

// Puts the row's key and value into the host's pool, as the kernel should into the device's.
void store_new_position(Setting& s, int row) {
  const int position = s.c.positions[row];
  for (int h = 0; h < s.c.kv_heads; ++h) {
    const auto value =
        s.qkv.begin() + static_cast<long>(row) * s.width() + (s.c.heads + s.c.kv_heads + h) * s.c.head_dim;
    s.pool.store(s.block(row, position), h, position % kKvPositions, rotated(s, row, s.c.heads + h, s.key_norm));
    s.pool.store(s.block(row, position), s.c.kv_heads + h, position % kKvPositions,
                 std::vector<double>(value, value + s.c.head_dim));
  }
}

std::vector<double> attended(const Setting& s, int row, int head, float scale) {
  const int kv_head = head / (s.c.heads / s.c.kv_heads), d = s.c.head_dim, end = s.c.positions[row] + 1;
  const int begin = s.c.window > 0 ? std::max(0, end - s.c.window) : 0;
  const auto query = rotated(s, row, head, s.query_norm);
  std::vector<double> scores(end), output(d);
  for (int p = begin; p < end; ++p) {
    for (int i = 0; i < d; ++i) scores[p] += as_bf16(query[i]) * s.value(row, p, kv_head, i) * scale;
  }
  const double maximum = *std::max_element(scores.begin() + begin, scores.end());
  double sum = 0;
  for (int p = begin; p < end; ++p) sum += scores[p] = std::exp(scores[p] - maximum);
  for (int p = begin; p < end; ++p) {
    for (int i = 0; i < d; ++i) {
      output[i] += scores[p] / sum * s.value(row, p, s.c.kv_heads + kv_head, i);
    }
  }
  return output;
}

// Nobody has written the positions behind a row's own, and somebody else those in blocks before its window.
void poison_unseen(Setting& s) {
  const auto poison = [&](int row, int begin, int end) {
    for (int p = begin; p < end; ++p) {
      for (int head = 0; head < 2 * s.c.kv_heads; ++head) s.pool.poison(s.block(row, p), head, p % kKvPositions);
    }
  };
  for (int row = 0; row < static_cast<int>(s.c.positions.size()); ++row) {
    const int position = s.c.positions[row];
    poison(row, 0, attention_first_block(position, s.c.window) * kKvPositions);
    poison(row, position + 1, (position / kKvPositions + 1) * kKvPositions);
  }
}

// Each row's blocks from the first that it sees on.
std::vector<uint32_t> seen_tables(const Setting& s, int stride) {
  std::vector<uint32_t> tables(s.c.positions.size() * stride, ~0u);
  for (int row = 0; row < static_cast<int>(s.c.positions.size()); ++row) {
    const int first = attention_first_block(s.c.positions[row], s.c.window);
    for (int i = first; i <= s.c.positions[row] / kKvPositions; ++i) {
      tables[static_cast<size_t>(row) * stride + i - first] = s.block(row, i * kKvPositions);
    }
  }
  return tables;
}

const float* or_null(const Buffer& buffer, const std::vector<float>& values) {
  return values.empty() ? nullptr : buffer.as<float>();
}
Buffer buffer_of(const Device& device, const std::vector<float>& values) {
  return Buffer::of(device, values.empty() ? std::vector<float>(1) : values);
}

std::string name_of(const char* kernel, const AttentionCase& c) {
  std::string name = std::string(kernel) + (c.form == KvForm::int8 ? " int8" : "") + " d" + std::to_string(c.head_dim) +
                     ", " + std::to_string(c.heads) + "/" + std::to_string(c.kv_heads) + " heads, " +
                     std::to_string(c.splits) + " splits, window " + std::to_string(c.window) + ", positions";
  for (size_t i = 0; i < c.positions.size() && i < 4; ++i) name += " " + std::to_string(c.positions[i]);
  return name;
}

}  // namespace

Check check_attention_decode(const Device& device, const Module& module, const AttentionCase& c, Random& random) {
  Setting s = draw_setting(c, random);
  poison_unseen(s);
  const int rows = static_cast<int>(c.positions.size()), group = c.heads / c.kv_heads;
  const int reach = attention_reach(s.table_stride * kKvPositions, c.window), stride = reach / kKvPositions;
  const float scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
  Buffer qkv = Buffer::of(device, s.qkv), query_norm = buffer_of(device, s.query_norm),
         key_norm = buffer_of(device, s.key_norm), rotations = Buffer::of(device, s.rotations),
         positions = Buffer::of(device, c.positions), tables = Buffer::of(device, seen_tables(s, stride)),
         pool = Buffer::of(device, s.pool.bytes),
         arrived = Buffer::of(device, std::vector<uint32_t>(static_cast<size_t>(rows) * c.kv_heads));
  Buffer output(device, static_cast<size_t>(rows) * c.heads * c.head_dim * 2);
  Buffer partial(device,
                 static_cast<size_t>(rows) * c.kv_heads * c.splits * attention_partial_floats(group, c.head_dim) * 4);
  output.fill(kPoisonBf16);
  partial.fill(kPoison);
  const AttentionArguments a{.qkv = qkv.as<float>(),
                             .query_norm = or_null(query_norm, s.query_norm),
                             .key_norm = or_null(key_norm, s.key_norm),
                             .rotations = rotations.as<float>(),
                             .positions = positions.as<int>(),
                             .tables = tables.as<u32>(),
                             .kv = s.pool.layer(pool),
                             .output = output.as<u16>(),
                             .partial = partial.as<float>(),
                             .arrived = arrived.as<u32>(),
                             .table_stride = stride,
                             .heads = c.heads,
                             .epsilon = kEpsilon,
                             .scale = scale,
                             .window = c.window,
                             .ahead = {pool.as<u8>(), static_cast<u32>(pool.bytes()) / 16 * 16},
                             .next_layer = 0};
  const Handle kernel =
      module.function("attention_decode_d" + std::to_string(c.head_dim) + attention_decode_suffix(c.form, c.window));
  launch(device, kernel, {.blocks = c.splits, .blocks_y = rows * c.kv_heads, .threads = kAttentionThreads}, a);
  const auto out = output.values<uint16_t>();
  ErrorSum error;
  for (int row = 0; row < rows; ++row) {
    store_new_position(s, row);
    for (int head = 0; head < c.heads; ++head) {
      const auto reference = attended(s, row, head, scale);
      for (int i = 0; i < c.head_dim; ++i) {
        error.add(bf16_to_f32(out[(static_cast<size_t>(row) * c.heads + head) * c.head_dim + i]), reference[i]);
      }
    }
  }
  const double pools = difference(s.pool.with(pool.values<uint8_t>()), s.pool);
  bool is_reset = true;
  for (const uint32_t left : arrived.values<uint32_t>()) is_reset &= left == 0;
  const double worst = std::isnan(pools) || !is_reset ? NAN : std::max(error.relative(), pools);
  return {name_of("attention_decode", c), std::isnan(error.relative()) ? NAN : worst, 6e-3};
}

Check check_rope(const Device& device, const Module& module, const AttentionCase& c, Random& random) {
  Setting s = draw_setting(c, random);
  const int rows = static_cast<int>(c.positions.size());
  std::vector<int> sequences(rows);
  std::iota(sequences.begin(), sequences.end(), 0);
  Buffer qkv = Buffer::of(device, s.qkv), query_norm = buffer_of(device, s.query_norm),
         key_norm = buffer_of(device, s.key_norm), rotations = Buffer::of(device, s.rotations),
         positions = Buffer::of(device, c.positions), tables = Buffer::of(device, s.tables),
         rows_of = Buffer::of(device, sequences), pool = Buffer::of(device, s.pool.bytes);
  Buffer queries(device, static_cast<size_t>(rows) * c.heads * c.head_dim * 2);
  queries.fill(kPoisonBf16);
  const RopeArguments a{.qkv = qkv.as<float>(),
                        .query_norm = or_null(query_norm, s.query_norm),
                        .key_norm = or_null(key_norm, s.key_norm),
                        .rotations = rotations.as<float>(),
                        .positions = positions.as<int>(),
                        .sequences = rows_of.as<int>(),
                        .tables = tables.as<u32>(),
                        .queries = queries.as<u16>(),
                        .kv = s.pool.layer(pool),
                        .table_stride = s.table_stride,
                        .heads = c.heads,
                        .count = rows,
                        .epsilon = kEpsilon};
  launch(device, module.function("rope_kv_d" + std::to_string(c.head_dim)),
         {.blocks = c.heads + c.kv_heads, .blocks_y = (rows + 3) / 4, .threads = 128}, a);
  const auto out = queries.values<uint16_t>();
  ErrorSum error;
  for (int row = 0; row < rows; ++row) {
    store_new_position(s, row);
    for (int head = 0; head < c.heads; ++head) {
      const auto reference = rotated(s, row, head, s.query_norm);
      for (int i = 0; i < c.head_dim; ++i) {
        error.add(bf16_to_f32(out[(static_cast<size_t>(row) * c.heads + head) * c.head_dim + i]), reference[i]);
      }
    }
  }
  const double pools = difference(s.pool.with(pool.values<uint8_t>()), s.pool);
  const bool is_nan = std::isnan(pools) || std::isnan(error.relative());
  return {name_of("rope_kv", c), is_nan ? NAN : std::max(error.relative(), pools), 3e-3};
}

}  // namespace estoc::gpu
