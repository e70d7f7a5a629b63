// For tests: the logits of a sequence computed alone and in company must have the same bits.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "models/model.h"

namespace estoc {

// How a prompt is computed: its chunks (the last size repeats), the other sequences in each batch and how many rows
// they bring at most, and whether all logits are asked for or those of each chunk's last row only.
struct Company {
  std::vector<int> chunks;
  int neighbours = 0;
  int neighbour_rows = 1;
  bool wants_all = true;
};

class InvarianceProbe {
 public:
  static constexpr int kRowsMax = 320, kNeighboursMax = 40, kPositionsMax = 256;

  InvarianceProbe(const Model& model, KvType kv_type, int prompt_tokens)
      : model_(model), block_counts_(model.info().state.groups().size(), (kNeighboursMax + 1) * kBlocks) {
    scratch_ = model.make_scratch({.kv_type = kv_type,
                                   .block_counts = block_counts_,
                                   .rows_max = kRowsMax,
                                   .logit_rows_max = kRowsMax});
    kv_ = std::make_unique<StateStorage>(model.info().state, kv_type, block_counts_, model.info().device_layers);
    for (int i = 0; i < prompt_tokens; ++i) prompt_.push_back(some_token(random_));
    logits_.resize(vocab() * kRowsMax);
    reference_ = logits_of({.chunks = {prompt_tokens}}, 1);
  }

  // Of every position whose logits were asked for, in any company.
  void expect_same(const Company& company, uint32_t seed) {
    const auto got = logits_of(company, seed);
    int different = 0, first = -1;
    float worst = 0;
    for (size_t position = 0; position < prompt_.size(); ++position) {
      if (got[position].empty()) continue;
      if (std::memcmp(got[position].data(), reference_[position].data(), vocab() * sizeof(float)) == 0) continue;
      if (different++ == 0) first = static_cast<int>(position);
      for (size_t i = 0; i < vocab(); ++i) {
        worst = std::max(worst, std::abs(got[position][i] - reference_[position][i]));
      }
    }
    EXPECT_EQ(different, 0) << "positions differ, the first is " << first << ", by " << worst << " at most; chunks of "
                            << company.chunks.front() << ".., " << company.neighbours << " neighbours of up to "
                            << company.neighbour_rows << " rows";
  }

  // The companies worth trying: whole and torn prompts, one row to hundreds in a batch. Tries each `every`-th of them.
  void expect_same_in_any_company(uint32_t every = 1) {
    const int whole = static_cast<int>(prompt_.size());
    uint32_t seed = 0;
    for (const bool wants_all : {true, false}) {
      for (const std::vector<int>& chunks : std::vector<std::vector<int>>{{whole}, {1}, {2, 3, 5}, {7}, {16}, {33}}) {
        for (const int neighbours : {0, 1, 3, 15, kNeighboursMax}) {
          if (++seed % every != 0) continue;
          expect_same({chunks, neighbours, seed / every % 2 == 0 ? 6 : 1, wants_all}, seed);
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }

 private:
  static constexpr int kBlocks = kPositionsMax / kKvBlockTokens;
  struct Neighbour {
    std::vector<BlockId> blocks;
    int position = 0;
  };

  size_t vocab() const { return static_cast<size_t>(model_.info().vocab); }
  TokenId some_token(std::mt19937& random) const { return static_cast<TokenId>(random() % vocab()); }

  // Blocks of the target in reverse order, of the neighbours behind them.
  std::vector<BlockId> blocks_of(int owner) const {
    std::vector<BlockId> blocks;
    for (int b = 0; b < kBlocks; ++b) blocks.push_back(static_cast<BlockId>(owner * kBlocks + kBlocks - 1 - b));
    return blocks;
  }

  // [position][vocab]; empty where not asked for.
  std::vector<std::vector<float>> logits_of(const Company& company, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::vector<float>> result(prompt_.size());
    const std::vector<BlockId> own_blocks = blocks_of(0);
    std::vector<Neighbour> neighbours(static_cast<size_t>(company.neighbours));
    for (size_t i = 0; i < neighbours.size(); ++i) neighbours[i].blocks = blocks_of(static_cast<int>(i) + 1);
    size_t step = 0;
    for (int position = 0; position < static_cast<int>(prompt_.size()); ++step) {
      const int rows = std::min(company.chunks[std::min(step, company.chunks.size() - 1)],
                                static_cast<int>(prompt_.size()) - position);
      std::vector<TokenId> tokens;
      std::vector<BatchSequence> sequences;
      std::vector<int32_t> logit_rows;
      std::vector<int> positions;  // of the target, by logit row; -1 for neighbours'
      const size_t place = neighbours.empty() ? 0 : random() % (neighbours.size() + 1);
      for (size_t i = 0; i <= neighbours.size(); ++i) {
        if (i == place) {
          sequences.push_back({static_cast<int>(tokens.size()), rows, position, own_blocks});
          for (int r = 0; r < rows; ++r) {
            if (company.wants_all || r + 1 == rows) {
              logit_rows.push_back(static_cast<int32_t>(tokens.size()));
              positions.push_back(position + r);
            }
            tokens.push_back(prompt_[static_cast<size_t>(position + r)]);
          }
        }
        if (i == neighbours.size()) break;
        Neighbour& neighbour = neighbours[i];
        const int brings = 1 + static_cast<int>(random() % static_cast<uint32_t>(company.neighbour_rows));
        if (neighbour.position + brings > kPositionsMax) neighbour.position = 0;
        sequences.push_back({static_cast<int>(tokens.size()), brings, neighbour.position, neighbour.blocks});
        neighbour.position += brings;
        for (int r = 0; r < brings; ++r) tokens.push_back(some_token(random));
        if (random() % 4 != 0) {
          logit_rows.push_back(static_cast<int32_t>(tokens.size()) - 1);
          positions.push_back(-1);
        }
      }
      model_.forward({tokens, sequences, logit_rows}, *kv_, *scratch_, logits_.data());
      for (size_t i = 0; i < positions.size(); ++i) {
        if (positions[i] < 0) continue;
        const float* row = logits_.data() + i * vocab();
        result[static_cast<size_t>(positions[i])].assign(row, row + vocab());
      }
      position += rows;
    }
    return result;
  }

  const Model& model_;
  const std::vector<int> block_counts_;
  std::unique_ptr<ModelScratch> scratch_;
  std::mt19937 random_{7};
  std::vector<TokenId> prompt_;
  std::unique_ptr<StateStorage> kv_;
  std::vector<float> logits_;
  std::vector<std::vector<float>> reference_;
};

}  // namespace estoc
