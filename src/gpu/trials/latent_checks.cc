#include "gpu/trials/latent_checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-6f, kScale = 0.11f;
constexpr int kPeriod = 16;

using Numbers = std::vector<double>;

// The larger one; NaN is larger than all.
double worse(double a, double b) { return a >= b || std::isnan(a) ? a : b; }

// Rows of some sequences, and where their positions are kept: every block stands somewhere else.
struct Rows {
  std::vector<int> positions, table_starts, sequences;
};

class LatentTrial {
 public:
  LatentTrial(const Device& device, const Module& module, const LatentCase& c, Random& random);
  void launch(int) { attend(); }
  Check check();

 private:
  int inputs() const { return latent_query_columns(c_.shape) + latent_kept(c_.shape); }
  int blocks_each() const { return *std::ranges::max_element(c_.lengths) / kKvPositions + 1; }
  int count() const { return static_cast<int>(asked_.positions.size()); }
  LatentRows rows_of(const Buffer& positions, const Buffer& starts, bool is_decode) const;
  void keep();
  void ask();
  void attend();
  void leave();

  // What is kept of a row, a head's query, what of it meets latents, and its answer.
  Numbers turned(const float* from, int position) const;
  Numbers kept(int row) const;
  Numbers query(int row, int head) const;
  float absorbed(int place, int i) const;
  Numbers answer(int asked, int head) const;
  double check_kept() const;

  const Device& device_;
  const Module& module_;
  const LatentCase c_;
  Rows all_, asked_;
  std::vector<int> asked_rows_;  // of all
  std::vector<Numbers> kept_;    // of all rows, as they should be
  std::vector<uint32_t> table_;
  std::vector<float> inputs_, query_norm_, latent_norm_, queries_, rotations_, absorbed_, answers_;
  Buffer device_inputs_, device_query_norm_, device_latent_norm_, device_queries_, device_rotations_, device_absorbed_,
      device_answers_, tables_, positions_, starts_, asked_positions_, asked_starts_, pool_, compressed_, keyed_,
      turned_, tile_heads_, tile_count_, summed_, partial_, arrived_, output_;
};

Rows rows_of_all(const std::vector<int>& lengths, int blocks, bool are_last) {
  Rows rows;
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (int position = are_last ? lengths[s] - 1 : 0; position < lengths[s]; ++position) {
      rows.positions.push_back(position);
      rows.table_starts.push_back(static_cast<int>(s) * blocks);
      rows.sequences.push_back(static_cast<int>(s));
    }
  }
  return rows;
}

std::vector<uint32_t> scattered(size_t count, Random& random) {
  std::vector<uint32_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0u);
  std::shuffle(ids.begin(), ids.end(), random);
  return ids;
}

LatentTrial::LatentTrial(const Device& device, const Module& module, const LatentCase& c, Random& random)
    : device_(device),
      module_(module),
      c_(c),
      all_(rows_of_all(c.lengths, blocks_each(), false)),
      asked_(rows_of_all(c.lengths, blocks_each(), !c.is_prompt)),
      table_(scattered(c.lengths.size() * static_cast<size_t>(blocks_each()), random)),
      inputs_(draw_floats(random, all_.positions.size() * static_cast<size_t>(inputs()))),
      query_norm_(draw_floats(random, static_cast<size_t>(std::max(c.shape.query_rank, 1)))),
      latent_norm_(draw_floats(random, static_cast<size_t>(c.shape.latent_dim))),
      queries_(draw_floats(random,
                           asked_.positions.size() * static_cast<size_t>(c.shape.heads * latent_query_dim(c.shape)))),
      rotations_(draw_floats(random, static_cast<size_t>(blocks_each() * kKvPositions * c.shape.turned_dim))),
      absorbed_(draw_floats(random, static_cast<size_t>(c.shape.heads * latent_room(count()) * c.shape.latent_dim))),
      answers_(draw_floats(random, static_cast<size_t>(c.shape.heads * latent_room(count()) * c.shape.value_dim))),
      device_inputs_(Buffer::of(device, inputs_)),
      device_query_norm_(Buffer::of(device, query_norm_)),
      device_latent_norm_(Buffer::of(device, latent_norm_)),
      device_queries_(Buffer::of(device, queries_)),
      device_rotations_(Buffer::of(device, rotations_)),
      device_absorbed_(Buffer::of(device, absorbed_)),
      device_answers_(Buffer::of(device, answers_)),
      tables_(Buffer::of(device, table_)),
      positions_(Buffer::of(device, all_.positions)),
      starts_(Buffer::of(device, all_.table_starts)),
      asked_positions_(Buffer::of(device, asked_.positions)),
      asked_starts_(Buffer::of(device, asked_.table_starts)),
      pool_(device, table_.size() * static_cast<size_t>(latent_block_bytes(c.shape))),
      compressed_(device, all_.positions.size() * static_cast<size_t>(std::max(c.shape.query_rank, 8)) * 2),
      keyed_(device, static_cast<size_t>(c.shape.heads * latent_room(count()) * c.shape.key_dim) * 2),
      turned_(device, static_cast<size_t>(c.shape.heads * count() * c.shape.turned_dim) * 2),
      tile_heads_(device, static_cast<size_t>(c.shape.heads * latent_room(count()) / kTokenTile) * 4),
      tile_count_(device, 4),
      summed_(device, static_cast<size_t>(c.shape.heads * latent_room(count()) * c.shape.latent_dim) * 2),
      partial_(device,
               static_cast<size_t>(count() * latent_groups(c.shape) * c.splits * latent_partial_floats(c.shape)) * 4),
      arrived_(device, static_cast<size_t>(count() * latent_groups(c.shape)) * 4),
      output_(device, static_cast<size_t>(count() * c.shape.heads * c.shape.value_dim) * 2) {
  for (size_t s = 0, row = 0; s < c.lengths.size(); ++s) {
    for (int position = 0; position < c.lengths[s]; ++position, ++row) {
      if (c.is_prompt || position + 1 == c.lengths[s]) asked_rows_.push_back(static_cast<int>(row));
    }
  }
  pool_.fill(kPoisonBf16);  // what nobody has written
  arrived_.fill(0);
  keep();
  ask();
}

LatentRows LatentTrial::rows_of(const Buffer& positions, const Buffer& starts, bool is_decode) const {
  return {.pool = pool_.as<u8>(),
          .block_stride = latent_block_bytes(c_.shape),
          .tables = tables_.as<u32>(),
          .table_starts = is_decode ? nullptr : starts.as<int>(),
          .table_stride = is_decode ? blocks_each() : 0,
          .positions = positions.as<int>(),
          .rotations = device_rotations_.as<float>(),
          .is_interleaved = c_.is_interleaved ? 1 : 0};
}

void LatentTrial::keep() {
  const LatentRowsArguments a{.rows = rows_of(positions_, starts_, false),
                              .shape = c_.shape,
                              .inputs = device_inputs_.as<float>(),
                              .input_stride = inputs(),
                              .query_norm = device_query_norm_.as<float>(),
                              .latent_norm = device_latent_norm_.as<float>(),
                              .epsilon = kEpsilon,
                              .queries = {compressed_.as<u16>(), c_.shape.query_rank, 0, ColumnOrder::plain}};
  gpu::launch(device_, module_.function("latent_rows"),
              {.blocks = static_cast<int>(all_.positions.size()), .threads = kLatentThreads}, a);
}

void LatentTrial::ask() {
  const LatentShape& s = c_.shape;
  const LatentQueriesArguments a{.rows = rows_of(asked_positions_, asked_starts_, !c_.is_prompt),
                                 .shape = s,
                                 .queries = device_queries_.as<float>(),
                                 .query_stride = s.heads * latent_query_dim(s),
                                 .first = 0,
                                 .count = count(),
                                 .growth = c_.growth,
                                 .period = kPeriod,
                                 .keyed = {keyed_.as<u16>(), s.key_dim, s.key_dim / kTokenTile, ColumnOrder::paired},
                                 .turned = turned_.as<u16>(),
                                 .tile_heads = tile_heads_.as<int>(),
                                 .tile_count = tile_count_.as<int>()};
  gpu::launch(device_, module_.function("latent_queries"),
              {.blocks = s.heads, .blocks_y = count(), .threads = kLatentThreads}, a);
}

void LatentTrial::attend() {
  const LatentShape& s = c_.shape;
  const LatentAttentionArguments a{
      .rows = rows_of(asked_positions_, asked_starts_, !c_.is_prompt),
      .shape = s,
      .absorbed = device_absorbed_.as<float>(),
      .turned = turned_.as<u16>(),
      .first = 0,
      .count = count(),
      .scale = kScale,
      .output = {summed_.as<u16>(), s.latent_dim, s.latent_dim / kTokenTile, ColumnOrder::paired},
      .partial = partial_.as<float>(),
      .arrived = arrived_.as<u32>()};
  gpu::launch(device_, module_.function("latent_attention"),
              {.blocks = c_.splits, .blocks_y = count() * latent_groups(s), .threads = kLatentThreads}, a);
}

void LatentTrial::leave() {
  const LatentShape& s = c_.shape;
  const LatentOutputsArguments a{.shape = s,
                                 .answers = device_answers_.as<float>(),
                                 .first = 0,
                                 .count = count(),
                                 .output = {output_.as<u16>(), s.heads * s.value_dim, 0, ColumnOrder::plain}};
  gpu::launch(device_, module_.function("latent_outputs"), {.blocks = count(), .threads = kLatentThreads}, a);
}

Numbers LatentTrial::turned(const float* from, int position) const {
  const int half = c_.shape.turned_dim / 2;
  Numbers to(static_cast<size_t>(2 * half));
  for (int i = 0; i < half; ++i) {
    const double cosine = rotations_[static_cast<size_t>(2 * (position * half + i))],
                 sine = rotations_[static_cast<size_t>(2 * (position * half + i) + 1)];
    const double low = from[c_.is_interleaved ? 2 * i : i], high = from[c_.is_interleaved ? 2 * i + 1 : i + half];
    to[static_cast<size_t>(i)] = low * cosine - high * sine;
    to[static_cast<size_t>(half + i)] = high * cosine + low * sine;
  }
  return to;
}

Numbers LatentTrial::kept(int row) const {
  const float* const latent = &inputs_[static_cast<size_t>(row * inputs() + latent_query_columns(c_.shape))];
  double squares = 0;
  for (int i = 0; i < c_.shape.latent_dim; ++i) squares += double{latent[i]} * latent[i];
  Numbers to;
  for (int i = 0; i < c_.shape.latent_dim; ++i) {
    to.push_back(latent[i] / std::sqrt(squares / c_.shape.latent_dim + kEpsilon) *
                 latent_norm_[static_cast<size_t>(i)]);
  }
  const Numbers key = turned(latent + c_.shape.latent_dim, all_.positions[static_cast<size_t>(row)]);
  to.insert(to.end(), key.begin(), key.end());
  return to;
}

// [key_dim, turned], grown by its position.
Numbers LatentTrial::query(int asked, int head) const {
  const LatentShape& s = c_.shape;
  const float* const from = &queries_[static_cast<size_t>((asked * s.heads + head) * latent_query_dim(s))];
  const int position = asked_.positions[static_cast<size_t>(asked)];
  Numbers to(from, from + s.key_dim);
  const Numbers part = turned(from + s.key_dim, position);
  to.insert(to.end(), part.begin(), part.end());
  for (double& x : to) x *= 1 + c_.growth * std::log1p(static_cast<double>(position / kPeriod));
  return to;
}

float LatentTrial::absorbed(int place, int i) const {
  return absorbed_[static_cast<size_t>(place * c_.shape.latent_dim + i)];
}

Numbers LatentTrial::answer(int asked, int head) const {
  const LatentShape& s = c_.shape;
  const int last = asked_rows_[static_cast<size_t>(asked)], position = asked_.positions[static_cast<size_t>(asked)];
  const Numbers own = query(asked, head);
  Numbers sum(static_cast<size_t>(s.latent_dim)), scores;
  const Numbers* const rows = &kept_[static_cast<size_t>(last - position)];
  for (size_t p = 0; p <= static_cast<size_t>(position); ++p) {
    double score = 0;
    for (int i = 0; i < s.latent_dim; ++i) {
      score += absorbed(latent_place(head, asked, count()), i) * rows[p][static_cast<size_t>(i)];
    }
    for (int i = 0; i < s.turned_dim; ++i) {
      score += own[static_cast<size_t>(s.key_dim + i)] * rows[p][static_cast<size_t>(s.latent_dim + i)];
    }
    scores.push_back(score * kScale);
  }
  const double maximum = *std::ranges::max_element(scores);
  double weights = 0;
  for (size_t p = 0; p < scores.size(); ++p) {
    const double weight = std::exp(scores[p] - maximum);
    weights += weight;
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += weight * rows[p][i];
  }
  for (double& x : sum) x /= weights;
  return sum;
}

double LatentTrial::check_kept() const {
  const auto bytes = pool_.values<uint8_t>();
  ErrorSum error;
  for (size_t row = 0; row < all_.positions.size(); ++row) {
    const int position = all_.positions[row];
    const uint32_t block = table_[static_cast<size_t>(all_.table_starts[row] + position / kKvPositions)];
    const Numbers& wanted = kept_[row];
    for (size_t i = 0; i < wanted.size(); ++i) {
      const size_t at = block * static_cast<size_t>(latent_block_bytes(c_.shape)) +
                        static_cast<size_t>(
                            kv_byte(KvForm::bf16, latent_kept(c_.shape), position % kKvPositions, static_cast<int>(i)));
      error.add(bf16_to_f32(static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8)), wanted[i]);
    }
  }
  return error.relative();
}

Check LatentTrial::check() {
  const LatentShape& s = c_.shape;
  kept_.clear();
  for (size_t row = 0; row < all_.positions.size(); ++row) kept_.push_back(kept(static_cast<int>(row)));
  double worst = check_kept();
  const auto note = [&](const ErrorSum& error) { worst = worse(worst, error.relative()); };
  if (s.query_rank > 0) {
    const auto compressed = compressed_.values<uint16_t>();
    ErrorSum error;
    for (size_t row = 0; row < all_.positions.size(); ++row) {
      const float* const from = &inputs_[row * static_cast<size_t>(inputs())];
      double squares = 0;
      for (int i = 0; i < s.query_rank; ++i) squares += double{from[i]} * from[i];
      for (int i = 0; i < s.query_rank; ++i) {
        error.add(bf16_to_f32(compressed[row * static_cast<size_t>(s.query_rank) + static_cast<size_t>(i)]),
                  from[i] / std::sqrt(squares / s.query_rank + kEpsilon) * query_norm_[static_cast<size_t>(i)]);
      }
    }
    note(error);
  }
  attend();
  leave();
  const auto keyed = keyed_.values<uint8_t>(), summed = summed_.values<uint8_t>();
  const auto output = output_.values<uint16_t>();
  const auto tile_heads = tile_heads_.values<int>();
  ErrorSum of_keyed, of_summed, of_output;
  for (int asked = 0; asked < count(); ++asked) {
    for (int head = 0; head < s.heads; ++head) {
      const int place = latent_place(head, asked, count());
      const Numbers own = query(asked, head), wanted = answer(asked, head);
      for (int i = 0; i < s.key_dim; ++i) {
        of_keyed.add(token_tile_value(keyed, s.key_dim, ColumnOrder::paired, place, i), own[static_cast<size_t>(i)]);
      }
      for (int i = 0; i < s.latent_dim; ++i) {
        of_summed.add(token_tile_value(summed, s.latent_dim, ColumnOrder::paired, place, i),
                      wanted[static_cast<size_t>(i)]);
      }
      for (int i = 0; i < s.value_dim; ++i) {
        of_output.add(bf16_to_f32(output[static_cast<size_t>((asked * s.heads + head) * s.value_dim + i)]),
                      answers_[static_cast<size_t>(place * s.value_dim + i)]);
      }
      if (tile_heads[static_cast<size_t>(place / kTokenTile)] != head) worst = 1;
    }
  }
  note(of_keyed), note(of_summed), note(of_output);
  if (tile_count_.values<int>().front() != s.heads * latent_room(count()) / kTokenTile) worst = 1;
  return {"latent attention, " + std::to_string(s.heads) + " heads of " + std::to_string(s.latent_dim) + " + " +
              std::to_string(s.turned_dim) + ", " + std::to_string(count()) + " rows, " + std::to_string(c_.splits) +
              " splits",
          worst, 6e-3};
}

}  // namespace

Trial latent_attention_trial(const Device& device, const Module& module, const LatentCase& c, Random& random) {
  const double positions = std::accumulate(c.lengths.begin(), c.lengths.end(), 0.0);
  return trial_of(std::make_shared<LatentTrial>(device, module, c, random),
                  {.bytes = positions * latent_kept(c.shape) * 2});
}

Check check_latent_attention(const Device& device, const Module& module, const LatentCase& c, Random& random) {
  return LatentTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
