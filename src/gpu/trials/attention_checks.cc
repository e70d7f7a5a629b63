#include <algorithm>
#include <numeric>

#include "gpu/source/attention_decode.h"
#include "gpu/source/rope.h"
#include "gpu/trials/kv_pool.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-6f;

// A pool of one layer, tables in shuffled blocks, and what a projection would hand over.
struct Setting {
  AttentionCase c;
  KvPool pool;
  int table_stride;
  std::vector<float> qkv, query_norm, key_norm, rotations, sinks;
  std::vector<uint32_t> tables;

  int gate_at() const { return (c.heads + 2 * c.kv_heads) * c.head_dim; }
  int width() const { return gate_at() + (c.has_gate ? c.heads * c.dimensions() : 0); }
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
  Setting s{c, KvPool(c.form, c.head_dim, c.kv_heads, rows * table_stride), table_stride, {}, {}, {}, {}, {}, {}};
  s.qkv = draw_floats(random, static_cast<size_t>(rows) * s.width(), 1.5f);
  for (int row = 0; row < rows; ++row) {  // a head's last places are zero where the model's have fewer
    for (int i = 0; i < s.gate_at(); ++i) {
      if (i % c.head_dim >= c.dimensions()) s.qkv[static_cast<size_t>(row) * s.width() + i] = 0;
    }
  }
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
  if (c.has_sinks) s.sinks = draw_floats(random, c.heads, 2);
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
  for (int i = 0; i < d && !norm.empty(); ++i) x[i] *= norm[i] / std::sqrt(squares / s.c.dimensions() + kEpsilon);
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
    std::vector<double> stored(value, value + s.c.head_dim);
    double squares = 0;
    for (const double x : stored) squares += x * x;
    for (double& x : stored) x /= s.c.has_value_norm ? std::sqrt(squares / s.c.dimensions() + kEpsilon) : 1;
    s.pool.store(s.block(row, position), s.c.kv_heads + h, position % kKvPositions, stored);
  }
}

std::vector<double> attended(const Setting& s, int row, int head, float scale) {
  const int kv_head = head / (s.c.heads / s.c.kv_heads), d = s.c.head_dim, end = s.c.positions[row] + 1;
  const int begin = s.c.window > 0 ? std::max(0, end - s.c.window) : 0;
  const auto query = rotated(s, row, head, s.query_norm);
  std::vector<double> scores(end), output(d);
  for (int p = begin; p < end; ++p) {
    for (int i = 0; i < d; ++i) scores[p] += as_bf16(query[i]) * s.value(row, p, kv_head, i) * scale;
    if (s.c.softcap > 0) scores[p] = s.c.softcap * std::tanh(scores[p] / s.c.softcap);
  }
  const double maximum = *std::max_element(scores.begin() + begin, scores.end());
  double sum = s.sinks.empty() ? 0 : std::exp(s.sinks[head] - maximum);
  for (int p = begin; p < end; ++p) sum += scores[p] = std::exp(scores[p] - maximum);
  for (int p = begin; p < end; ++p) {
    for (int i = 0; i < d; ++i) {
      output[i] += scores[p] / sum * s.value(row, p, s.c.kv_heads + kv_head, i);
    }
  }
  for (int i = 0; s.c.has_gate && i < s.c.dimensions(); ++i) {
    const int at = s.gate_at() + head * s.c.dimensions() + i;
    output[i] /= 1 + std::exp(-static_cast<double>(s.qkv[static_cast<size_t>(row) * s.width() + at]));
  }
  return output;
}

// Nobody has written the positions behind a row's own, and somebody else those in blocks before its window.
Setting with_unseen_poisoned(Setting s) {
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
  return s;
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
                     std::to_string(c.splits) + " splits, window " + std::to_string(c.window) +
                     (c.softcap > 0 ? ", capped" : "") + (c.has_gate ? ", gated" : "") + ", positions";
  for (size_t i = 0; i < c.positions.size() && i < 4; ++i) name += " " + std::to_string(c.positions[i]);
  return name;
}

// What both kernels read and write.
class AttentionMemory {
 public:
  AttentionMemory(const Device& device, const Module& module, const std::string& kernel, Setting setting,
                  Random& random, int copies);

 protected:
  int rows() const { return static_cast<int>(setting_.c.positions.size()); }
  // (row, head) pairs to compare.
  std::vector<std::pair<int, int>> pairs_to_compare();
  // How far the pool is from what the kernel should have made of it; after it has run once.
  double pool_error();

  const Device& device_;
  Random& random_;
  const Handle kernel_;
  Setting setting_;
  const Buffer qkv_, query_norm_, key_norm_, rotations_, positions_;
  Copies pool_;
  Buffer output_;  // bf16 [row][heads * D]
};

AttentionMemory::AttentionMemory(const Device& device, const Module& module, const std::string& kernel, Setting setting,
                                 Random& random, int copies)
    : device_(device),
      random_(random),
      kernel_(module.function(kernel)),
      setting_(std::move(setting)),
      qkv_(Buffer::of(device, setting_.qkv)),
      query_norm_(buffer_of(device, setting_.query_norm)),
      key_norm_(buffer_of(device, setting_.key_norm)),
      rotations_(Buffer::of(device, setting_.rotations)),
      positions_(Buffer::of(device, setting_.c.positions)),
      pool_(device, setting_.pool.bytes, copies),
      output_(device, setting_.c.positions.size() * static_cast<size_t>(setting_.c.heads * setting_.c.head_dim) * 2) {}

std::vector<std::pair<int, int>> AttentionMemory::pairs_to_compare() {
  const AttentionCase& c = setting_.c;
  const int all = rows() * c.heads;
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < (c.sample == 0 ? all : c.sample); ++i) {
    const int pair = c.sample == 0 ? i : static_cast<int>(random_() % all);
    pairs.emplace_back(pair / c.heads, pair % c.heads);
  }
  return pairs;
}

double AttentionMemory::pool_error() {
  for (int row = 0; row < rows(); ++row) store_new_position(setting_, row);
  return difference(setting_.pool.with(pool_.values(0)), setting_.pool);
}

class AttentionDecodeTrial : private AttentionMemory {
 public:
  AttentionDecodeTrial(const Device& device, const Module& module, const AttentionCase& c, Random& random, int copies)
      : AttentionMemory(device, module,
                        "attention_decode_d" + std::to_string(c.head_dim) +
                            attention_decode_suffix(c.form, c.window > 0 || c.softcap > 0),
                        with_unseen_poisoned(draw_setting(c, random)), random, copies),
        stride_(attention_reach(setting_.table_stride * kKvPositions, c.window) / kKvPositions),
        tables_(Buffer::of(device, seen_tables(setting_, stride_))),
        sinks_(buffer_of(device, setting_.sinks)),
        arrived_(Buffer::of(device, std::vector<uint32_t>(c.positions.size() * static_cast<size_t>(c.kv_heads)))),
        partial_(device, c.positions.size() * static_cast<size_t>(c.kv_heads * c.splits) *
                             attention_partial_floats(c.heads / c.kv_heads, c.head_dim) * 4) {}
  void launch(int turn);
  Check check();
  double bytes() const;

 private:
  float scale() const { return 1 / std::sqrt(static_cast<float>(setting_.c.dimensions())); }

  const int stride_;
  const Buffer tables_, sinks_;
  Buffer arrived_, partial_;
};

// Keys and values of the positions that rows see, what the projection left and what they attend to.
double AttentionDecodeTrial::bytes() const {
  const AttentionCase& c = setting_.c;
  double positions = 0;
  for (const int position : c.positions) positions += c.window > 0 ? std::min(position + 1, c.window) : position + 1;
  return positions * static_cast<double>(setting_.pool.block_bytes()) / kKvPositions +
         static_cast<double>(setting_.qkv.size()) * 4 + static_cast<double>(output_.bytes());
}

void AttentionDecodeTrial::launch(int turn) {
  const AttentionCase& c = setting_.c;
  const AttentionArguments a{
      .qkv = qkv_.as<float>(),
      .query_norm = or_null(query_norm_, setting_.query_norm),
      .key_norm = or_null(key_norm_, setting_.key_norm),
      .rotations = rotations_.as<float>(),
      .positions = positions_.as<int>(),
      .tables = tables_.as<u32>(),
      .kv = setting_.pool.layer(pool_.at(turn)),
      .output = output_.as<u16>(),
      .partial = partial_.as<float>(),
      .arrived = arrived_.as<u32>(),
      .table_stride = stride_,
      .qkv_stride = setting_.width(),
      .heads = c.heads,
      .width = c.dimensions(),
      .epsilon = kEpsilon,
      .scale = scale(),
      .window = c.window,
      .ahead = c.has_ahead ? WeightsAhead{pool_.at(turn), static_cast<u32>(setting_.pool.bytes.size()) / 16 * 16}
                           : WeightsAhead{},
      .next_layer = 0,
      .sinks = or_null(sinks_, setting_.sinks),
      .gate = c.has_gate ? qkv_.as<float>() + setting_.gate_at() : nullptr,
      .softcap = c.softcap,
      .value_epsilon = c.has_value_norm ? kEpsilon : 0};
  gpu::launch(device_, kernel_,
              {.blocks = c.splits, .blocks_y = rows() * c.kv_heads, .threads = attention_threads(c.head_dim)}, a);
}

Check AttentionDecodeTrial::check() {
  const AttentionCase& c = setting_.c;
  output_.fill(kPoisonBf16);
  partial_.fill(kPoison);
  launch(0);
  const auto out = output_.values<uint16_t>();
  const double pools = pool_error();
  ErrorSum error;
  for (const auto& [row, head] : pairs_to_compare()) {
    const auto reference = attended(setting_, row, head, scale());
    for (int i = 0; i < c.dimensions(); ++i) {
      error.add(bf16_to_f32(out[(static_cast<size_t>(row) * c.heads + head) * c.dimensions() + i]), reference[i]);
    }
  }
  bool is_reset = true;
  for (const uint32_t left : arrived_.values<uint32_t>()) is_reset &= left == 0;
  const double worst = std::isnan(pools) || !is_reset ? NAN : std::max(error.relative(), pools);
  return {name_of("attention_decode", c), std::isnan(error.relative()) ? NAN : worst, 6e-3};
}

class RopeTrial : private AttentionMemory {
 public:
  RopeTrial(const Device& device, const Module& module, const AttentionCase& c, Random& random)
      : AttentionMemory(device, module, "rope_kv_d" + std::to_string(c.head_dim), draw_setting(c, random), random, 1),
        tables_(Buffer::of(device, setting_.tables)),
        sequences_(Buffer::of(device, counted(rows()))) {}
  void launch(int);
  Check check();

 private:
  static std::vector<int> counted(int count) {
    std::vector<int> numbers(static_cast<size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }

  const Buffer tables_, sequences_;
};

void RopeTrial::launch(int) {
  const AttentionCase& c = setting_.c;
  const RopeArguments a{.qkv = qkv_.as<float>(),
                        .query_norm = or_null(query_norm_, setting_.query_norm),
                        .key_norm = or_null(key_norm_, setting_.key_norm),
                        .rotations = rotations_.as<float>(),
                        .positions = positions_.as<int>(),
                        .sequences = sequences_.as<int>(),
                        .tables = tables_.as<u32>(),
                        .queries = output_.as<u16>(),
                        .kv = setting_.pool.layer(pool_.at(0)),
                        .table_stride = setting_.table_stride,
                        .qkv_stride = setting_.width(),
                        .heads = c.heads,
                        .width = c.dimensions(),
                        .count = rows(),
                        .epsilon = kEpsilon,
                        .value_epsilon = c.has_value_norm ? kEpsilon : 0};
  gpu::launch(device_, kernel_, {.blocks = c.heads + c.kv_heads, .blocks_y = (rows() + 3) / 4, .threads = 128}, a);
}

Check RopeTrial::check() {
  const AttentionCase& c = setting_.c;
  output_.fill(kPoisonBf16);
  launch(0);
  const auto out = output_.values<uint16_t>();
  const double pools = pool_error();
  ErrorSum error;
  for (const auto& [row, head] : pairs_to_compare()) {
    const auto reference = rotated(setting_, row, head, setting_.query_norm);
    for (int i = 0; i < c.head_dim; ++i) {
      error.add(bf16_to_f32(out[(static_cast<size_t>(row) * c.heads + head) * c.head_dim + i]), reference[i]);
    }
  }
  const bool is_nan = std::isnan(pools) || std::isnan(error.relative());
  return {name_of("rope_kv", c), is_nan ? NAN : std::max(error.relative(), pools), 3e-3};
}

}  // namespace

Trial attention_decode_trial(const Device& device, const Module& module, const AttentionCase& c, Random& random,
                             int copies) {
  const auto state = std::make_shared<AttentionDecodeTrial>(device, module, c, random, copies);
  return trial_of(state, {.bytes = state->bytes()});
}

Check check_attention_decode(const Device& device, const Module& module, const AttentionCase& c, Random& random) {
  return attention_decode_trial(device, module, c, random).check();
}

Trial rope_trial(const Device& device, const Module& module, const AttentionCase& c, Random& random) {
  const double row = (c.heads + 2.0 * c.kv_heads) * c.head_dim;
  const double bytes = static_cast<double>(c.positions.size()) * row * (4 + 2);  // all leave as two bytes, or less
  return trial_of(std::make_shared<RopeTrial>(device, module, c, random), {.bytes = bytes});
}

Check check_rope(const Device& device, const Module& module, const AttentionCase& c, Random& random) {
  return rope_trial(device, module, c, random).check();
}

}  // namespace estoc::gpu
