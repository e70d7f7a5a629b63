#include "models/single_sequence.h"

#include <numeric>

#include "base/check.h"

namespace estoc {
namespace {

int blocks_for(int positions) { return (positions + kKvBlockTokens - 1) / kKvBlockTokens; }

RunLimits limits_of(const Model& model, KvType kv_type, int blocks, int rows_max) {
  return {.kv_type = kv_type,
          .block_counts = std::vector<int>(model.info().state.groups().size(), blocks),
          .rows_max = rows_max,
          .logit_rows_max = rows_max};
}

}  // namespace

SingleSequence::SingleSequence(const Model& model, KvType kv_type, int positions, int rows_max)
    : SingleSequence(model, limits_of(model, kv_type, blocks_for(positions), rows_max), blocks_for(positions)) {}

SingleSequence::SingleSequence(const Model& model, const RunLimits& limits, int blocks)
    : model_(model),
      rows_max_(limits.rows_max),
      blocks_(static_cast<size_t>(blocks)),
      state_(model.info().state, limits.kv_type, limits.block_counts, model.info().device_layers),
      scratch_(model.make_scratch(limits)),
      logits_(static_cast<size_t>(limits.rows_max) * static_cast<size_t>(model.info().vocab)),
      all_rows_(static_cast<size_t>(limits.rows_max)) {
  std::iota(blocks_.begin(), blocks_.end(), BlockId{0});
  std::iota(all_rows_.begin(), all_rows_.end(), 0);
}

std::span<const float> SingleSequence::forward(std::span<const TokenId> tokens, std::span<const int32_t> wanted) {
  const auto rows = static_cast<int>(tokens.size());
  ESTOC_CHECK(rows <= rows_max_ && blocks_for(position_ + rows) <= std::ssize(blocks_));
  const BatchSequence sequence{0, rows, position_, blocks_};
  model_.forward({tokens, {&sequence, 1}, wanted}, state_, *scratch_, logits_.data());
  position_ += rows;
  return std::span(logits_).first(wanted.size() * static_cast<size_t>(model_.info().vocab));
}

std::span<const float> SingleSequence::forward(std::span<const TokenId> tokens) {
  return forward(tokens, std::span(all_rows_).first(tokens.size()));
}

}  // namespace estoc
