#include "gpu_layers/gpu_run.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "gpu/source/attention_decode.h"
#include "quant/kv_type.h"

namespace estoc {
namespace {

using gpu::u32;

static_assert(kKvReadGrain % gpu::kAttentionPromptStage == 0, "a window's blocks are kept from there");

constexpr int kPositionsMin = 256;  // of a decode step's reach: shorter sequences share its graph

int reach_of(int positions) {
  return std::max(kPositionsMin, static_cast<int>(std::bit_ceil(static_cast<unsigned>(positions))));
}

size_t blocks_of(int position) { return static_cast<size_t>(position / gpu::kKvPositions) + 1; }

// A sequence's tokens in pieces, for each KV head; those that see most first, so that all blocks of threads get about
// as much.
std::vector<gpu::AttentionPromptTile> tiles_of(const Batch& batch, const std::vector<int>& table_starts, int group,
                                               int kv_heads) {
  const int each = gpu::kAttentionPromptRows / group;
  std::vector<gpu::AttentionPromptTile> tiles;
  for (size_t s = 0; s < batch.sequences.size(); ++s) {
    const BatchSequence& sequence = batch.sequences[s];
    for (int first = 0; first < sequence.row_count; first += each) {
      for (int head = 0; head < kv_heads; ++head) {
        tiles.push_back({.token = sequence.first_row + first,
                         .tokens = std::min(each, sequence.row_count - first),
                         .position = sequence.position + first,
                         .table = table_starts[s],
                         .head = head});
      }
    }
  }
  std::ranges::stable_sort(tiles, std::greater(), [](const auto& tile) { return tile.position + tile.tokens; });
  return tiles;
}

// How the device chooses the token of a row whose choice this is; nothing where the host does, or nobody.
gpu::SampleRow sample_row_of(const RowChoice* choice) {
  gpu::SampleRow row{};
  if (choice == nullptr || !choice->draw) {
    row.is_skipped = 1;
    return row;
  }
  const RowDraw& draw = *choice->draw;
  row.scale = draw.temperature > 0 ? 1 / draw.temperature : 0;
  row.top_p = draw.top_p;
  row.min_p_offset = draw.min_p > 0 ? draw.temperature * std::log(draw.min_p) : -std::numeric_limits<float>::infinity();
  row.top_k = draw.top_k;
  row.seed = draw.seed;
  row.position = draw.position;
  return row;
}

// That of a logit row, if it is one and the caller has any.
const RowChoice* choice_of(const LogitRows& logits, int place) {
  return place < 0 || logits.choices.empty() ? nullptr : &logits.choices[static_cast<size_t>(place)];
}

// Whether the device chooses its token.
bool is_chosen(const LogitRows& logits, int place) {
  const RowChoice* choice = choice_of(logits, place);
  return choice != nullptr && choice->draw.has_value();
}

}  // namespace

GpuRun::GpuRun(const gpu::Accelerator& device, const GpuWeights& weights, const std::vector<RopeSpec>& ropes,
               const RunLimits& limits, const std::vector<int>& groups, int context_max, bool is_invariant)
    : device_(device),
      weights_(weights),
      has_prompts_(has_prompt_kernels(device, weights)),
      is_invariant_(is_invariant),
      narrow_rows_(narrow_rows(weights)),
      buffers_(device, weights, ropes, limits, groups, context_max, has_prompts_),
      swap_space_(device.device(), buffers_.kv, limits),
      answers_{Answer(device.device(), static_cast<size_t>(buffers_.logit_rows_max)),
               Answer(device.device(), static_cast<size_t>(buffers_.logit_rows_max))} {
  if (is_invariant_ && !has_prompts_) {
    fail(ErrorCode::unsupported,
         "the device {} has no kernels that make these layers' results independent of what runs beside them",
         device_.device().name);
  }
  device_.device().synchronize();
}

void GpuRun::copy_block(const BlockCopy& copy) { buffers_.kv.copy_block(copy); }

std::vector<GpuRun::Row> GpuRun::rows_of(const Batch& batch) const {
  std::vector<Row> rows;
  for (const BatchSequence& sequence : batch.sequences) {
    for (int r = 0; r < sequence.row_count; ++r) {
      rows.push_back({sequence.first_row + r, sequence.position + r, &sequence});
    }
  }
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    rows[static_cast<size_t>(batch.logit_rows[i])].logit = static_cast<int>(i);
  }
  return rows;
}

void GpuRun::forward(const Batch& batch, Rows& hidden, const LogitRows& logits) {
  device_.device().use();
  if (weights_.plan().embedding && !weights_.plan().head) hidden.reset(static_cast<int64_t>(batch.tokens.size()));
  const std::vector<Row> rows = rows_of(batch);
  const bool has_one_each = batch.sequences.size() == rows.size();
  is_in_slices_ = false;
  if (is_invariant_) return prompt(batch, rows, hidden, logits);
  if (has_one_each && is_one_launch(rows.size(), batch.logit_rows.size())) return decode(batch, rows, hidden, logits);
  const bool is_narrow = has_one_each && static_cast<int>(rows.size()) <= narrow_rows_;
  if (has_prompts_ && !is_narrow) return prompt(batch, rows, hidden, logits);
  is_in_slices_ = true;
  decode_in_turn(batch, rows, hidden, logits);
}

// Whether a decode step is one: few rows, or so many that they are products over tiles, which leave logits of all.
bool GpuRun::is_one_launch(size_t rows, size_t logit_rows) const {
  if (rows <= kGpuDecodeRows) return true;
  return has_prompts_ && static_cast<int>(rows) > narrow_rows_ && (!weights_.plan().head || logit_rows == rows);
}

bool GpuRun::can_follow(const Batch& batch) const {
  const bool has_both_ends = weights_.plan().embedding && weights_.plan().head;
  return has_both_ends && !is_invariant_ && !is_in_slices_ && batch.sequences.size() == batch.tokens.size() &&
         is_one_launch(batch.tokens.size(), batch.logit_rows.size());
}

// Where the last batch has its logit rows on the device.
std::vector<int> GpuRun::picks_of(const Batch& batch) const {
  const std::vector<int>& places = answers_[1 - next_answer_].places;
  std::vector<int> picks;
  for (const int32_t row : batch.chosen_rows) {
    const auto at = static_cast<size_t>(row) < places.size() && places[static_cast<size_t>(row)] == row
                        ? places.begin() + row
                        : std::ranges::find(places, row);
    ESTOC_CHECK(at != places.end());
    picks.push_back(static_cast<int>(at - places.begin()));
  }
  return picks;
}

// The first rows of all sequences, then the second ones: a row's keys and values must be there for the next.
void GpuRun::decode_in_turn(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits) {
  for (int turn = 0, left = static_cast<int>(rows.size()); left > 0; ++turn) {
    slice_.clear();
    for (const BatchSequence& sequence : batch.sequences) {
      if (turn >= sequence.row_count) continue;
      slice_.push_back(rows[static_cast<size_t>(sequence.first_row + turn)]);
      --left;
      if (slice_.size() < kGpuDecodeRows) continue;
      decode(batch, slice_, hidden, logits);
      slice_.clear();
    }
    if (!slice_.empty()) decode(batch, slice_, hidden, logits);
  }
}

void GpuRun::reach(int positions) {
  for (GpuRotations& rotations : buffers_.rotations) rotations.reach(positions);
}

size_t GpuRun::decode_input_bytes(const DecodeShape& shape) const {
  size_t row = 12 + sizeof(gpu::SampleRow);
  for (const GpuKvPool& pool : buffers_.kv.pools()) row += static_cast<size_t>(table_stride_of(shape, pool)) * 4;
  return static_cast<size_t>(shape.rows) * row + 16 * (5 + buffers_.kv.pools().size());
}

const gpu::Graph& GpuRun::graph_of(const DecodeShape& shape, const DecodeInputs& inputs) {
  std::unique_ptr<gpu::Graph>& graph = graphs_[shape];
  if (graph == nullptr) {
    graph = std::make_unique<gpu::Graph>(device_.device(), [&] {
      const bool is_wide = shape.rows > kGpuDecodeRows;
      (is_wide ? launch_wide_decode : launch_decode)(device_, weights_, buffers_, shape, inputs);
    });
  }
  return *graph;
}

void GpuRun::decode(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits) {
  const bool follows = !batch.chosen_rows.empty();
  if (!follows) finish();  // of the slice before: its inputs are about to be written over
  int last = 0;
  for (const Row& row : rows) last = std::max(last, row.position);
  const DecodeShape shape{.rows = static_cast<int>(rows.size()), .positions = reach_of(last + 1)};
  reach(last + 1);
  if (decode_inputs_ == nullptr || decode_inputs_->capacity() < decode_input_bytes(shape)) {
    device_.device().synchronize();  // the step before may read them
    graphs_.clear();
    decode_inputs_ = std::make_unique<GpuInputs>(device_.device(), std::bit_ceil(decode_input_bytes(shape)));
  }
  GpuInputs& in = *decode_inputs_;
  in.clear();
  const auto tokens = in.put<u32>(rows.size());
  const auto positions = in.put<int>(rows.size());
  const auto samples = in.put<gpu::SampleRow>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    samples.host[i] = sample_row_of(choice_of(logits, rows[i].logit));
    tokens.host[i] = static_cast<u32>(batch.tokens[static_cast<size_t>(rows[i].index)]);
    positions.host[i] = rows[i].position;
  }
  std::vector<const u32*> tables;
  for (const GpuKvPool& pool : buffers_.kv.pools()) {
    const auto stride = static_cast<size_t>(table_stride_of(shape, pool));
    const auto table = in.put<u32>(rows.size() * stride);
    tables.push_back(table.device);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (pool.is_fixed) {
        table.host[i] = static_cast<u32>(rows[i].sequence->table(pool.group).front());
        continue;
      }
      const auto first = static_cast<size_t>(gpu::attention_first_block(rows[i].position, pool.window));
      std::ranges::copy(rows[i].sequence->table(pool.group).first(blocks_of(rows[i].position)).subspan(first),
                        table.host + i * stride);
    }
  }
  // The last array: where the others lie does not depend on it.
  const auto picks = in.put<int>(batch.chosen_rows.size());
  if (follows) std::ranges::copy(picks_of(batch), picks.host);
  in.send();
  if (follows) launch_chosen_tokens(device_, weights_, buffers_, picks.device, tokens.device, shape.rows);
  if (!weights_.plan().embedding) send_hidden(rows, hidden);
  graph_of(shape, {samples.device, tokens.device, positions.device, tables}).launch();
  if (!weights_.plan().head) return receive_hidden(rows, hidden);
  std::vector<int> places;
  for (const Row& row : rows) places.push_back(row.logit);
  begin_logits(logits, std::move(places));
}

void GpuRun::prompt(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits) {
  std::vector<int> starts;  // of each sequence's table
  size_t table_entries = 0;
  int last = 0;
  for (const BatchSequence& sequence : batch.sequences) {
    starts.push_back(static_cast<int>(table_entries));
    const int end = sequence.position + sequence.row_count - 1;
    table_entries += blocks_of(end);
    last = std::max(last, end);
  }
  reach(last + 1);
  const auto tiles = tiles_of(batch, starts, weights_.plan().group(), weights_.plan().kv_heads);
  const size_t bytes = rows.size() * 16 + batch.sequences.size() * sizeof(gpu::SequenceRows) +
                       batch.logit_rows.size() * (4 + sizeof(gpu::SampleRow)) +
                       table_entries * 4 * buffers_.kv.pools().size() +
                       tiles.size() * sizeof(gpu::AttentionPromptTile) + 512;
  if (prompt_inputs_ == nullptr || prompt_inputs_->capacity() < bytes) {
    prompt_inputs_ = std::make_unique<GpuInputs>(device_.device(), std::bit_ceil(bytes));
  }
  GpuInputs& in = *prompt_inputs_;
  in.clear();
  const auto tokens = in.put<u32>(rows.size());
  const auto positions = in.put<int>(rows.size());
  const auto table_starts = in.put<int>(rows.size());
  const auto first_rows = in.put<int>(rows.size());
  const auto sequences = in.put<gpu::SequenceRows>(batch.sequences.size());
  const auto picks = in.put<int>(batch.logit_rows.size());
  const auto samples = in.put<gpu::SampleRow>(batch.logit_rows.size());
  const auto tables = in.put<u32>(table_entries * buffers_.kv.pools().size());
  const auto tile_list = in.put<gpu::AttentionPromptTile>(tiles.size());
  std::ranges::copy(tiles, tile_list.host);
  std::ranges::copy(batch.logit_rows, picks.host);
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    samples.host[i] = sample_row_of(choice_of(logits, static_cast<int>(i)));
  }
  for (size_t s = 0; s < batch.sequences.size(); ++s) {
    const BatchSequence& sequence = batch.sequences[s];
    std::fill_n(table_starts.host + sequence.first_row, sequence.row_count, starts[s]);
    std::fill_n(first_rows.host + sequence.first_row, sequence.row_count, sequence.first_row);
    sequences.host[s] = {sequence.first_row, sequence.row_count};
  }
  std::vector<const u32*> pool_tables;
  for (const GpuKvPool& pool : buffers_.kv.pools()) {
    const size_t at = pool_tables.size() * table_entries;
    pool_tables.push_back(tables.device + at);
    for (size_t s = 0; s < batch.sequences.size(); ++s) {
      const BatchSequence& sequence = batch.sequences[s];
      if (pool.is_fixed) {
        tables.host[at + static_cast<size_t>(starts[s])] = static_cast<u32>(sequence.table(pool.group).front());
        continue;
      }
      const auto first = static_cast<size_t>(gpu::attention_prompt_first_block(sequence.position, pool.window));
      std::ranges::copy(
          sequence.table(pool.group).first(blocks_of(sequence.position + sequence.row_count - 1)).subspan(first),
          tables.host + at + static_cast<size_t>(starts[s]) + first);
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    tokens.host[i] = static_cast<u32>(batch.tokens[i]);
    positions.host[i] = rows[i].position;
  }
  in.send();
  if (!weights_.plan().embedding) send_hidden(rows, hidden);
  launch_prompt(device_, weights_, buffers_,
                {.rows = static_cast<int>(rows.size()),
                 .tokens = tokens.device,
                 .positions = positions.device,
                 .table_starts = table_starts.device,
                 .sequences = sequences.device,
                 .sequence_count = static_cast<int>(batch.sequences.size()),
                 .first_rows = first_rows.device,
                 .tables = pool_tables,
                 .tiles = tile_list.device,
                 .tile_count = static_cast<int>(tiles.size()),
                 .samples = samples.device,
                 .picks = picks.device,
                 .picked = static_cast<int>(batch.logit_rows.size()),
                 .is_invariant = is_invariant_});
  if (!weights_.plan().head) return receive_hidden(rows, hidden);
  std::vector<int> places(batch.logit_rows.size());
  std::iota(places.begin(), places.end(), 0);
  begin_logits(logits, std::move(places));
}

void GpuRun::send_hidden(std::span<const Row> rows, const Rows& hidden) {
  const auto columns = static_cast<size_t>(weights_.plan().hidden);
  auto* const staged = buffers_.hidden_host.as<float>();
  for (size_t i = 0; i < rows.size(); ++i) std::copy_n(hidden.row(rows[i].index), columns, staged + i * columns);
  buffers_.residual.begin_upload(staged, rows.size() * columns * sizeof(float));
}

void GpuRun::receive_hidden(std::span<const Row> rows, Rows& hidden) {
  const auto columns = static_cast<size_t>(weights_.plan().hidden);
  const auto* const staged = buffers_.hidden_host.as<float>();
  buffers_.residual.begin_download(buffers_.hidden_host.as<float>(), rows.size() * columns * sizeof(float));
  device_.device().synchronize();
  hidden.touch();
  for (size_t i = 0; i < rows.size(); ++i) std::copy_n(staged + i * columns, columns, hidden.row(rows[i].index));
}

void GpuRun::begin_logits(const LogitRows& logits, std::vector<int> places) {
  const auto vocab = static_cast<size_t>(weights_.plan().vocab);
  Answer& answer = answers_[next_answer_];
  ESTOC_CHECK(!answer.logits);
  next_answer_ = 1 - next_answer_;
  answer.places = std::move(places);
  if (!answer.places.empty()) {
    buffers_.tokens.begin_download(answer.chosen.as<u32>(), answer.places.size() * sizeof(u32));
  }
  for (size_t i = 0; i < answer.places.size(); ++i) {
    const int place = answer.places[i];
    if (place < 0 || is_chosen(logits, place)) continue;
    buffers_.logits->begin_download(logits.values + static_cast<size_t>(place) * vocab, vocab * sizeof(float),
                                    i * vocab * sizeof(float));
  }
  answer.done.record(device_.device().stream());
  answer.logits = logits;
}

// Of two answers on their way, the one before the last.
void GpuRun::finish() {
  const bool has_two = answers_[next_answer_].logits.has_value();
  Answer& answer = answers_[has_two ? next_answer_ : 1 - next_answer_];
  if (!answer.logits) return;
  const LogitRows logits = *std::exchange(answer.logits, std::nullopt);
  const auto vocab = static_cast<size_t>(weights_.plan().vocab);
  answer.done.wait();
  for (size_t i = 0; i < answer.places.size(); ++i) {
    const int place = answer.places[i];
    if (place < 0 || !is_chosen(logits, place)) continue;
    const u32 token = answer.chosen.as<u32>()[i];
    if (token < vocab) {
      logits.choices[static_cast<size_t>(place)].token = static_cast<TokenId>(token);
    } else {  // nothing above -inf: whoever asked finds that in the row, which a later batch may have written over
      std::fill_n(logits.values + static_cast<size_t>(place) * vocab, vocab, -std::numeric_limits<float>::infinity());
    }
  }
}

}  // namespace estoc
