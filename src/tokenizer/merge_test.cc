#include "tokenizer/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

namespace estoc {
namespace {

// The definition, word for word: slow and obvious.
std::vector<int32_t> merged_simply(const PairTable& merges, std::vector<int32_t> symbols) {
  while (true) {
    size_t best = 0;
    Merge best_merge{kNoRank, 0};
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i] < 0 || symbols[i + 1] < 0) continue;
      const Merge merge = merges.find(symbols[i], symbols[i + 1]);
      if (merge.rank < best_merge.rank) {
        best = i;
        best_merge = merge;
      }
    }
    if (best_merge.rank == kNoRank) return symbols;
    symbols[best] = best_merge.symbol;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(Merge, ScanAndHeapFollowTheDefinition) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    PairTable merges;
    // Ranks are shared on purpose: ties go to the left.
    for (int i = 0; i < 60; ++i) {
      merges.insert(static_cast<int32_t>(random() % 12), static_cast<int32_t>(random() % 12),
                    {static_cast<uint32_t>(random() % 20), static_cast<int32_t>(random() % 12)});
    }
    for (const size_t count : {0, 1, 2, 3, 10, 47, 48, 49, 50, 300}) {
      std::vector<int32_t> symbols;
      for (size_t i = 0; i < count; ++i) symbols.push_back(static_cast<int32_t>(random() % 13) - 1);
      const std::vector<int32_t> expected = merged_simply(merges, symbols);
      merge_symbols(merges, symbols);
      ASSERT_EQ(symbols, expected) << count;
    }
  }
}

TEST(Merge, AMillionSymbolsTakeFarLessThanSeconds) {
  PairTable merges;
  for (int32_t level = 0; level < 16; ++level) merges.insert(level, level, {static_cast<uint32_t>(level), level + 1});
  std::vector<int32_t> symbols(1 << 20, 0);
  const auto start = std::chrono::steady_clock::now();
  merge_symbols(merges, symbols);
  EXPECT_EQ(symbols, std::vector<int32_t>(16, 16));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

// By the text of neighbours: the definition again.
std::vector<int32_t> merged_texts_simply(const TextTable& texts, const std::string& word) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  while (true) {
    size_t best = 0;
    TokenId lowest = INT32_MAX;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const TokenId id = texts.find(parts[i] + parts[i + 1]).value_or(INT32_MAX);
      if (id < lowest) best = i;
      lowest = std::min(lowest, id);
    }
    if (lowest == INT32_MAX) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<int32_t> symbols;
  for (const std::string& part : parts) symbols.push_back(*texts.find(part));
  return symbols;
}

TEST(Merge, OfTextsFollowsTheDefinition) {
  std::mt19937 random(6);
  const auto letters = [&](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += "abc"[random() % 3];
    return text;
  };
  for (int round = 0; round < 40; ++round) {
    TextTable texts;
    TokenId id = 0;
    for (const char* byte : {"c", "a", "b"}) texts.insert(byte, id++);
    for (int i = 0; i < 30; ++i) texts.insert(letters(2 + random() % 4), id++);
    for (const size_t count : {0, 1, 2, 3, 10, 47, 48, 49, 50, 300}) {
      const std::string word = letters(count);
      std::vector<int32_t> symbols;
      for (const char c : word) symbols.push_back(*texts.find(std::string(1, c)));
      merge_texts(texts, word, symbols);
      ASSERT_EQ(symbols, merged_texts_simply(texts, word)) << word;
    }
  }
}

TEST(PairTable, KeepsTheLowerRank) {
  PairTable table;
  EXPECT_EQ(table.find(1, 2).rank, kNoRank);
  for (int32_t i = 0; i < 1000; ++i) table.insert(i, i + 1, {static_cast<uint32_t>(i), i});
  table.insert(1, 2, {0, 77});
  table.insert(2, 3, {9, 78});
  EXPECT_EQ(table.find(1, 2).symbol, 77);
  EXPECT_EQ(table.find(2, 3).symbol, 2);
  EXPECT_EQ(table.find(999, 1000).symbol, 999);
  EXPECT_EQ(table.find(5, 5).rank, kNoRank);
}

}  // namespace
}  // namespace estoc
