#include "layers/text_embedding.h"

#include <algorithm>
#include <iterator>

#include "ops/profile.h"

namespace estoc {
namespace {

const WeightTensor& require_table(LoadContext& load, const std::string& name, int64_t rows, int64_t columns) {
  const int64_t shape[] = {rows, columns};
  return load.require(name + ".weight", shape);
}

}  // namespace

TextEmbedding::TextEmbedding(LoadContext& load, const EncoderSpec& spec)
    : table_(require_table(load, spec.embedding.table, spec.stack.vocab, spec.stack.hidden)),
      positions_first_(spec.embedding.positions_first),
      segment_count_(spec.embedding.segment_count),
      scale_(spec.stack.embedding_scale) {
  const TextEmbeddingSpec& embedding = spec.embedding;
  const int64_t hidden = spec.stack.hidden;
  if (!embedding.positions.empty()) {
    positions_ = &require_table(load, embedding.positions, positions_first_ + int64_t{spec.stack.context_max}, hidden);
  }
  if (!embedding.segments.empty()) {
    const WeightTensor& segments = require_table(load, embedding.segments, segment_count_, hidden);
    segments_.resize(static_cast<size_t>(segment_count_ * hidden));
    for (int64_t r = 0; r < segment_count_; ++r) segments.decode_row(r, segments_.data() + r * hidden);
  }
  if (embedding.norm) norm_.emplace(load, *embedding.norm, hidden);
}

void TextEmbedding::forward(const Compute& compute, const Batch& batch, std::span<const uint8_t> segments,
                            Rows& out) const {
  const ProfileScope scope(compute, "embed");
  const int64_t hidden = out.columns();
  out.reset(std::ssize(batch.tokens));
  std::vector<float> pieces(static_cast<size_t>(compute.team.thread_count() * hidden));
  const auto embed = [&](int64_t r, int thread) {
    float* const row = out.row(r);
    table_.decode_row(batch.tokens[static_cast<size_t>(r)], row);
    for (int64_t c = 0; c < hidden && scale_ != 1; ++c) row[c] *= scale_;
    if (!segments_.empty()) {
      const int64_t segment = segments.empty() ? 0 : segments[static_cast<size_t>(r)];
      compute.kernels.add(segments_.data() + std::min(segment, segment_count_ - 1) * hidden, hidden, row);
    }
    if (positions_ == nullptr) return;
    const auto after = std::ranges::upper_bound(batch.sequences, r, {}, &BatchSequence::first_row);
    const BatchSequence& sequence = *std::prev(after);
    float* const piece = pieces.data() + thread * hidden;
    positions_->decode_row(positions_first_ + sequence.position + r - sequence.first_row, piece);
    compute.kernels.add(piece, hidden, row);
  };
  compute.team.parallel_for(out.count(), 1, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t r = begin; r < end; ++r) embed(r, thread);
  });
  if (norm_) norm_->forward(compute, out, out);
}

}  // namespace estoc
