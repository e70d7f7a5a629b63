#include "models/encoder_model.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace estoc {
namespace {

// Of a pass: enough for the products to run at their best, few enough for the caches.
constexpr int kPassRows = 512;

KvType kv_type_of(const LoadContext& load) {
  if (load.mode == ComputeMode::exact) return KvType::f32;
  return load.compute.kernels.has_bf16_dot ? KvType::bf16 : KvType::f16;
}

// Whether a text's vector is made of few of its rows: the norm behind the layers is then taken of the vector.
bool are_rows_picked(const std::vector<Pooling>& pooling) {
  return std::ranges::all_of(pooling, [](Pooling one) { return one == Pooling::cls || one == Pooling::last; }) &&
         pooling.size() == 1;
}

int blocks_of(int tokens) { return (tokens + kKvBlockTokens - 1) / kKvBlockTokens; }

}  // namespace

struct EncoderModel::Scratch final : EncoderScratch {
  Scratch(const EncoderModel& model, int rows_max, int texts_max)
      : rows_max(rows_max),
        texts_max(texts_max),
        hidden(rows_max, model.info_.hidden),
        pooled(texts_max, model.widest_),
        stepped(texts_max, model.widest_),
        decoded(model.compute_.team.thread_count(), std::max<int64_t>(model.widest_, model.info_.hidden)),
        kv(model.layout_, model.kv_type_, blocks_of(rows_max) + std::min(texts_max, rows_max)),
        stack(model.stack_.make_scratch({.kv_type = model.kv_type_, .rows_max = rows_max})) {
    blocks.reserve(static_cast<size_t>(blocks_of(rows_max) + std::min(texts_max, rows_max)));
    sequences.reserve(static_cast<size_t>(std::min(texts_max, rows_max)));
  }

  const int rows_max, texts_max;
  Rows hidden;
  Rows pooled, stepped;  // [texts]
  DecodeScratch decoded;
  StateStorage kv;
  std::unique_ptr<StackScratch> stack;
  std::vector<BlockId> blocks;
  std::vector<BatchSequence> sequences;
};

EncoderModel::EncoderModel(LoadContext& load, EncoderInfo info, const EncoderSpec& spec)
    : info_(std::move(info)),
      compute_(load.compute),
      layout_(state_layout(spec.stack, true)),
      kv_type_(kv_type_of(load)),
      pooling_(spec.pooling),
      embedding_(load, spec),
      stack_(load, spec.stack, layout_, load.compute, 0, static_cast<int>(spec.stack.layers.size())),
      widest_(spec.pooled_width()),
      is_normalized_(spec.is_normalized) {
  if (spec.has_norm) norm_.emplace(load, spec.stack.norm, spec.stack.hidden);
  int64_t width = widest_;
  for (const VectorStepSpec& step : spec.steps) {
    width = steps_.emplace_back(load, step, width).width();
    widest_ = std::max(widest_, width);
  }
  info_.outputs = static_cast<int>(width);
}

std::unique_ptr<EncoderScratch> EncoderModel::make_scratch(int tokens_max, int texts_max) const {
  ESTOC_CHECK(tokens_max > 0 && texts_max > 0);
  return std::make_unique<Scratch>(*this, std::min(tokens_max, std::max(kPassRows, info_.tokens_max)), texts_max);
}

void EncoderModel::encode(const EncoderBatch& batch, EncoderScratch& scratch, std::span<float> results) const {
  auto& work = static_cast<Scratch&>(scratch);
  const auto texts = std::ssize(batch.lengths);
  ESTOC_CHECK(texts <= work.texts_max && std::ssize(results) >= texts * info_.outputs);
  if (texts == 0) return;
  work.pooled.reset(texts, int64_t{info_.hidden} * std::ssize(pooling_));
  size_t token = 0;
  for (int64_t text = 0; text < texts;) {
    int64_t end = text;
    int rows = 0;
    while (end < texts && (end == text || rows + batch.lengths[static_cast<size_t>(end)] <= kPassRows)) {
      rows += batch.lengths[static_cast<size_t>(end++)];
    }
    const auto count = static_cast<size_t>(rows);
    ESTOC_CHECK(rows <= work.rows_max && token + count <= batch.tokens.size());
    run({.tokens = batch.tokens.subspan(token, count),
         .segments = batch.segments.empty() ? batch.segments : batch.segments.subspan(token, count),
         .lengths = batch.lengths.subspan(static_cast<size_t>(text), static_cast<size_t>(end - text))},
        work, text);
    token += count;
    text = end;
  }
  const Rows& vectors = finish(work);
  for (int64_t i = 0; i < texts; ++i) {
    std::copy_n(vectors.row(i), info_.outputs, results.begin() + i * info_.outputs);
  }
}

void EncoderModel::run(const EncoderBatch& batch, Scratch& scratch, int64_t first_text) const {
  scratch.blocks.clear();
  scratch.sequences.clear();
  for (const int length : batch.lengths) {
    for (int i = 0; i < blocks_of(length); ++i) scratch.blocks.push_back(static_cast<BlockId>(scratch.blocks.size()));
  }
  int row = 0;
  size_t block = 0;
  for (const int length : batch.lengths) {
    const auto count = static_cast<size_t>(blocks_of(length));
    scratch.sequences.push_back({row, length, 0, std::span<const BlockId>(scratch.blocks).subspan(block, count)});
    row += length;
    block += count;
  }
  const Batch rows{.tokens = batch.tokens, .sequences = scratch.sequences, .logit_rows = {}};
  embedding_.forward(compute_, rows, batch.segments, scratch.hidden);
  stack_.forward(rows, scratch.kv, *scratch.stack, scratch.hidden, nullptr, LogitRows(nullptr));
  if (norm_ && !are_rows_picked(pooling_)) norm_->forward(compute_, scratch.hidden, scratch.hidden);
  pool(compute_, rows, pooling_, scratch.hidden, first_text, scratch.pooled);
}

Rows& EncoderModel::finish(Scratch& scratch) const {
  scratch.pooled.touch();
  if (norm_ && are_rows_picked(pooling_)) norm_->forward(compute_, scratch.pooled, scratch.pooled);
  Rows *in = &scratch.pooled, *out = &scratch.stepped;
  for (const VectorStep& step : steps_) {
    step.forward(compute_, *in, scratch.decoded, *out);
    std::swap(in, out);
  }
  if (is_normalized_) normalize(compute_, *in);
  return *in;
}

}  // namespace estoc
