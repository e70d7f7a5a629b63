#include "encoding/batch_runner.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace estoc {
namespace {

StepCosts guess_for(const EncoderInfo& info, const MachineGuess& machine) {
  const double table = double(info.vocab) * info.hidden;  // looked up, not multiplied
  const double body = std::max(0.0, static_cast<double>(info.parameter_count) - table);
  return {.step = 1e-4 + static_cast<double>(info.weight_bytes) / machine.bytes_a_second,
          .row = 1e-6 + body / machine.macs_a_second,
          .attended = 1e-10 + 2.0 * info.layers * info.hidden / machine.attention_macs_a_second};
}

}  // namespace

BatchRunner::BatchRunner(const Encoder& encoder, const EncodingConfig& config)
    : encoder_(encoder),
      config_(config),
      outputs_(static_cast<size_t>(encoder.info().outputs)),
      scratch_(encoder.make_scratch(config.batch_tokens_max, config.batch_texts_max)),
      time_(guess_for(encoder.info(), config.machine)) {
  const auto texts = static_cast<size_t>(config.batch_texts_max), tokens = static_cast<size_t>(config.batch_tokens_max);
  results_.resize(texts * outputs_);
  chosen_.reserve(texts);
  lengths_.reserve(texts);
  tokens_.reserve(tokens);
  segments_.reserve(tokens);
}

// Where reading the weights alone takes most of the time that a batch is to have, it takes twice that: many small
// batches would be slower by far.
double BatchRunner::budget_s() const { return std::max(config_.target_batch_s, 2 * time_.costs().step); }

TextCosts BatchRunner::costs() const {
  const StepCosts costs = time_.costs();
  const double capacity = std::clamp((budget_s() - costs.step) / costs.row, 1.0, double(config_.batch_tokens_max));
  return {.token = costs.row + costs.step / capacity, .attended = costs.attended};
}

const std::vector<ChosenText>& BatchRunner::choose(JobQueue& jobs, Clock::time_point now) {
  chosen_.clear();
  const double budget = budget_s();
  StepWork work;
  int texts = 0;
  jobs.choose(now, chosen_, [&](int length) {
    if (texts == config_.batch_texts_max || work.rows + length > config_.batch_tokens_max) return false;
    StepWork more = work;
    more += text_work(length);
    if (texts > 0 && time_.predict(more) > budget) return false;
    work = more;
    ++texts;
    return true;
  });
  return chosen_;
}

void BatchRunner::compute() {
  tokens_.clear();
  segments_.clear();
  lengths_.clear();
  StepWork work;
  bool has_segments = false;
  for (const ChosenText& text : chosen_) {
    const EncodeJob& job = text.job->job;
    const auto first = static_cast<std::ptrdiff_t>(text.first_token);
    tokens_.insert(tokens_.end(), job.tokens.begin() + first, job.tokens.begin() + first + text.length);
    if (job.segments.empty()) {
      segments_.resize(tokens_.size(), 0);
    } else {
      segments_.insert(segments_.end(), job.segments.begin() + first, job.segments.begin() + first + text.length);
      has_segments = true;
    }
    lengths_.push_back(text.length);
    work += text_work(text.length);
  }
  const std::span<float> results(results_.data(), chosen_.size() * outputs_);
  const Clock::time_point begin = Clock::now();
  encoder_.encode({.tokens = tokens_,
                   .segments = has_segments ? std::span<const uint8_t>(segments_) : std::span<const uint8_t>(),
                   .lengths = lengths_},
                  *scratch_, results);
  seconds_ = seconds_between(begin, Clock::now());
  time_.learn(work, seconds_);
  for (size_t i = 0; i < chosen_.size(); ++i) {
    OpenJob& job = *chosen_[i].job;
    if (job.results.empty()) job.results.resize(job.text_count() * outputs_);
    std::copy_n(&results_[i * outputs_], outputs_, &job.results[chosen_[i].text * outputs_]);
  }
}

bool BatchRunner::has_numbers(const ChosenText& text) const {
  const std::span<const float> values(&text.job->results[text.text * outputs_], outputs_);
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace estoc
