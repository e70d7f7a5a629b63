// For tests: sequences played through a model in pieces, on a device or on CPUs, whose logits are compared.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_team.h"
#include "models/model.h"
#include "quant/kv_type.h"

namespace estoc {

// Activations are rounded to bf16 on the device, and so are keys and values on both.
inline constexpr double kErrorMax = 0.02;

// The emulator, or a real device where there is one: ESTOC_TEST_DEVICE=cuda.
inline const std::string kDevice = [] {
  const char* const named = std::getenv("ESTOC_TEST_DEVICE");
  return std::string(named != nullptr ? named : "emulator");
}();

struct Piece {
  int sequence = 0;
  int rows = 1;
};

class Player {
 public:
  Player(const std::function<std::unique_ptr<Model>(ThreadTeam&)>& make, KvType kv_type)
      : model_(make(team_)),
        limits_{.kv_type = kv_type,
                .block_counts = std::vector<int>(groups(), kBlocks * kSequences),
                .slot_counts = std::vector<int>(groups(), kBlocks),
                .rows_max = 64,
                .logit_rows_max = 64},
        kv_(model_->info().state, limits_.kv_type, limits_.block_counts, model_->info().device_layers),
        scratch_(model_->make_scratch(limits_)),
        positions_(kSequences) {}

  // Computes a batch of these pieces of sequences; the logits of every second row and of each last one.
  std::vector<float> step(const std::vector<Piece>& pieces) {
    std::vector<TokenId> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<int32_t> wanted;
    for (const Piece& piece : pieces) {
      int& position = positions_[static_cast<size_t>(piece.sequence)];
      const int first = static_cast<int>(tokens.size());
      sequences.push_back({first, piece.rows, position, table(piece.sequence, position), kBlocks});
      for (int r = 0; r < piece.rows; ++r) {
        if (r % 2 == 1 || r + 1 == piece.rows) wanted.push_back(first + r);
        tokens.push_back((position + r) * 37 % model_->info().vocab);
      }
      position += piece.rows;
    }
    std::vector<float> logits(wanted.size() * vocab());
    choices_.assign(wanted.size(), {.draw = draw, .token = {}});
    model_->forward({tokens, sequences, wanted}, kv_, *scratch_, {logits.data(), choices_});
    return logits;
  }

  // Sequence `to` goes on from where `from` is, in blocks of its own.
  void fork(int from, int to) {
    const auto source = table(from, 0), copied = table(to, 0);
    for (size_t i = 0; i < source.size(); ++i) {
      const BlockCopy copy{.group = static_cast<int>(i / kBlocks), .from = source[i], .to = copied[i]};
      kv_.copy_block(copy.from, copy.to, copy.group);
      scratch_->copy_block(copy);
    }
    positions_[static_cast<size_t>(to)] = positions_[static_cast<size_t>(from)];
  }

  // The sequence goes on from there, as if nothing behind it had been computed.
  void rewind(int sequence, int position) { positions_[static_cast<size_t>(sequence)] = position; }

  // What a device has of a sequence goes to the swap space and, begun behind what was asked for before, comes back.
  void swap_out(int sequence) { scratch_->swap_out(swaps(sequence)); }
  void swap_in(int sequence) { scratch_->swap_in(swaps(sequence)); }
  void await_swap_in() { scratch_->await_swap_in(); }

  // Sequence `to` begins with the first `blocks` of `from`, where these lie.
  void share_beginning(int from, int to, int blocks) {
    const std::vector<BlockId> source = table(from, 0);
    table(to, 0);
    for (size_t i = 0; i < source.size(); ++i) {
      if (static_cast<int>(i % kBlocks) < blocks) tables_[static_cast<size_t>(to)][i] = source[i];
    }
    positions_[static_cast<size_t>(to)] = blocks * kKvBlockTokens;
  }

  size_t vocab() const { return static_cast<size_t>(model_->info().vocab); }
  const std::vector<RowChoice>& choices() const { return choices_; }
  std::optional<RowDraw> draw;

 private:
  static constexpr int kBlocks = 20, kSequences = 20;  // scattered over the pool

  std::vector<SwapCopy> swaps(int sequence) {
    std::vector<SwapCopy> copies;
    const std::vector<BlockId>& blocks = table(sequence, positions_[static_cast<size_t>(sequence)]);
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] == ~BlockId{0}) continue;
      copies.push_back({static_cast<int>(i / kBlocks), blocks[i], static_cast<BlockId>(i % kBlocks)});
    }
    return copies;
  }

  size_t groups() const { return static_cast<size_t>(model_->info().state.group_count()); }

  // Of all groups, each scattered in another way, for a step that begins at `position`: what a window has passed is
  // somebody else's.
  const std::vector<BlockId>& table(int sequence, int position) {
    std::vector<BlockId>& table = tables_[static_cast<size_t>(sequence)];
    if (table.empty()) {
      for (size_t i = 0; i < groups() * kBlocks; ++i) {
        const size_t place = (i % kBlocks * 7 + i / kBlocks * 5) % kBlocks;
        table.push_back(static_cast<BlockId>(place * kSequences + static_cast<size_t>(sequence)));
      }
    }
    for (size_t group = 0; group < groups(); ++group) {
      const int window = model_->info().state.groups()[group].window;
      const int first = window == 0 ? 0 : std::max(0, position + 1 - window) / kKvReadGrain * kKvReadGrain;
      std::fill_n(table.begin() + static_cast<std::ptrdiff_t>(group * kBlocks), first / kKvBlockTokens, ~BlockId{0});
    }
    return table;
  }

  ThreadTeam team_{2};
  std::unique_ptr<Model> model_;
  RunLimits limits_;
  StateStorage kv_;
  std::unique_ptr<ModelScratch> scratch_;
  std::vector<int> positions_;
  std::array<std::vector<BlockId>, kSequences> tables_;
  std::vector<RowChoice> choices_;
};

inline double error_of(const std::vector<float>& values, const std::vector<float>& expected) {
  EXPECT_EQ(values.size(), expected.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{values[i]} - expected[i], 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace estoc
