// What tests of encoding share: an encoder whose results are a hash of a text's tokens and segments, so that a text
// that was cut, shifted or mixed with another gives other numbers; and a receiver of outcomes.
#pragma once

#include <condition_variable>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "base/test_gate.h"
#include "encoding/encode_job.h"
#include "models/encoder.h"
#include "sampling/counter_rng.h"

namespace estoc {

class FakeEncoder : public Encoder {
 public:
  static constexpr TokenId kPoison = 13;  // a text with it becomes no numbers

  explicit FakeEncoder(int outputs = 4, EncoderInfo::Task task = EncoderInfo::Task::embed) {
    info_.family = "fake";
    info_.architecture = "FakeModel";
    info_.task = task;
    info_.layers = 1;
    info_.hidden = 8;
    info_.vocab = 300;
    info_.tokens_max = 50;
    info_.outputs = outputs;
    info_.pooling = "mean";
  }

  const EncoderInfo& info() const override { return info_; }
  EncoderInfo& info() { return info_; }

  std::unique_ptr<EncoderScratch> make_scratch(int tokens_max, int texts_max) const override {
    tokens_max_ = static_cast<size_t>(tokens_max);
    texts_max_ = static_cast<size_t>(texts_max);
    return std::make_unique<EncoderScratch>();
  }

  // What a text must become.
  std::vector<float> alone(const std::vector<TokenId>& tokens, const std::vector<uint8_t>& segments = {}) const {
    std::vector<float> values(static_cast<size_t>(info_.outputs));
    fill(tokens, segments, values);
    return values;
  }

  void encode(const EncoderBatch& batch, EncoderScratch&, std::span<float> results) const override {
    ESTOC_CHECK(batch.tokens.size() <= tokens_max_ && batch.lengths.size() <= texts_max_);
    ESTOC_CHECK(batch.segments.empty() || batch.segments.size() == batch.tokens.size());
    ESTOC_CHECK(results.size() == batch.lengths.size() * static_cast<size_t>(info_.outputs));
    {
      const std::lock_guard lock(mutex_);
      batches_.emplace_back(batch.lengths.begin(), batch.lengths.end());
    }
    if (before_encode) before_encode(batch);
    size_t first = 0, at = 0;
    for (const int length : batch.lengths) {
      const auto count = static_cast<size_t>(length), outputs = static_cast<size_t>(info_.outputs);
      fill(batch.tokens.subspan(first, count),
           batch.segments.empty() ? batch.segments : batch.segments.subspan(first, count),
           results.subspan(at, outputs));
      first += count;
      at += outputs;
    }
    ESTOC_CHECK(first == batch.tokens.size());
  }

  std::function<void(const EncoderBatch&)> before_encode;  // may wait
  // The lengths of the texts of each batch.
  std::vector<std::vector<int>> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void fill(std::span<const TokenId> tokens, std::span<const uint8_t> segments, std::span<float> values) const {
    uint64_t hash = 17;
    bool is_poisoned = false;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const uint64_t segment = segments.empty() ? 0 : segments[i];
      hash = mix_bits(hash * 31 + static_cast<uint64_t>(tokens[i]) * 4 + segment + 1);
      is_poisoned |= tokens[i] == kPoison;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(random_bits(hash, i) >> 40) * 0x1p-23f - 1;
      if (is_poisoned) values[i] = std::numeric_limits<float>::quiet_NaN();
    }
  }

  EncoderInfo info_;
  mutable size_t tokens_max_ = 0, texts_max_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<int>> batches_;
};

// Holds the encoder before its next batch until opened; those after are free.
class EncoderGate : public TestGate {
 public:
  explicit EncoderGate(FakeEncoder& encoder) {
    encoder.before_encode = [this](const EncoderBatch&) { pass(); };
  }
};

// Receives the outcome of many jobs, each of which the test gives a number; also checks that none comes twice.
class OutcomeInbox {
 public:
  EncodeSink sink(int number) {
    return [this, number](EncodeOutcome&& outcome) {
      const std::lock_guard lock(mutex_);
      const bool is_first = outcomes_.emplace(number, std::move(outcome)).second;
      ESTOC_CHECK(is_first);
      arrived_.notify_all();
    };
  }
  EncodeOutcome wait_for(int number) {
    std::unique_lock lock(mutex_);
    const bool is_there = arrived_.wait_for(lock, std::chrono::seconds(60), [&] { return outcomes_.contains(number); });
    ESTOC_CHECK(is_there);
    return outcomes_.at(number);
  }
  bool has(int number) {
    const std::lock_guard lock(mutex_);
    return outcomes_.contains(number);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<int, EncodeOutcome> outcomes_;
};

}  // namespace estoc
