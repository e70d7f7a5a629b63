// Computes batches of open jobs' texts, and learns what they take.
//
// Internal to encoding/.
// Ownership: borrows encoder and configuration; owns the scratch, and the lists that a batch is made in, which are as
// large as the largest one. Threads: one thread. Errors: the constructor throws Error{resource_exhausted}.
#pragma once

#include <memory>
#include <vector>

#include "encoding/encoding_config.h"
#include "encoding/job_queue.h"
#include "engine/step_time.h"
#include "models/encoder.h"

namespace estoc {

// What one text is for the time it takes: each of its tokens looks at all of them.
inline StepWork text_work(int length) { return {.rows = length, .attended = int64_t{length} * length}; }

// Seconds that texts take in company: a full batch's share of what each batch costs is in those of a token.
struct TextCosts {
  double token = 0, attended = 0;
};

class BatchRunner {
 public:
  BatchRunner(const Encoder& encoder, const EncodingConfig& config);

  // The texts of the next batch; empty where no job has one left.
  const std::vector<ChosenText>& choose(JobQueue& jobs, Clock::time_point now);
  // Computes what was chosen, into the results of its jobs.
  void compute();
  // False for a text of the last batch that became no numbers.
  bool has_numbers(const ChosenText& text) const;

  int batch_tokens() const { return static_cast<int>(tokens_.size()); }
  double seconds() const { return seconds_; }  // that the last batch took
  TextCosts costs() const;

 private:
  double budget_s() const;

  const Encoder& encoder_;
  const EncodingConfig& config_;
  const size_t outputs_;
  std::unique_ptr<EncoderScratch> scratch_;
  StepTimeModel time_;
  std::vector<ChosenText> chosen_;
  std::vector<TokenId> tokens_;
  std::vector<uint8_t> segments_;
  std::vector<int> lengths_;
  std::vector<float> results_;  // [batch_texts_max][outputs]
  double seconds_ = 0;
};

}  // namespace estoc
