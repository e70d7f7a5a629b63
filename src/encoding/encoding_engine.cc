#include "encoding/encoding_engine.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "base/thread_team.h"
#include "encoding/batch_runner.h"
#include "encoding/job_queue.h"
#include "engine/stats_counting.h"

namespace estoc {
namespace {

constexpr double kBatchTexts[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

// What a client is told when the server goes down: about the time another one takes to come up.
constexpr int kRestartSeconds = 5;

EncodingConfig settled(EncodingConfig config, const EncoderInfo& info) {
  if (config.context < 0 || config.batch_tokens_max < 1 || config.batch_texts_max < 1 || config.queue_max < 1) {
    fail(ErrorCode::invalid_argument,
         "an engine of encoders needs context >= 0, batch_tokens_max >= 1, batch_texts_max >= 1 and queue_max >= 1, "
         "got {}, {}, {} and {}",
         config.context, config.batch_tokens_max, config.batch_texts_max, config.queue_max);
  }
  config.context = config.context > 0 ? std::min(config.context, info.tokens_max) : info.tokens_max;
  config.batch_tokens_max = std::max(config.batch_tokens_max, config.context);
  return config;
}

EncodingStats with_all_buckets() {
  EncodingStats stats;
  stats.engine = with_buckets();
  stats.texts.batch_texts = Histogram(kBatchTexts);
  return stats;
}

void check_job(const EncodeJob& job, const EncoderInfo& info, int tokens_max) {
  if (job.lengths.empty()) fail(ErrorCode::invalid_argument, "a job has no texts");
  int64_t tokens = 0;
  for (const int length : job.lengths) {
    if (length < 1 || length > tokens_max) {
      fail(ErrorCode::invalid_argument, "a text has {} tokens, expected 1 to {}", length, tokens_max);
    }
    tokens += length;
  }
  if (static_cast<size_t>(tokens) != job.tokens.size() ||
      (!job.segments.empty() && job.segments.size() != job.tokens.size())) {
    fail(ErrorCode::invalid_argument, "a job's texts have {} tokens, but it has {} and segments of {}", tokens,
         job.tokens.size(), job.segments.size());
  }
  for (const TokenId token : job.tokens) {
    if (token >= 0 && token < info.vocab) continue;
    fail(ErrorCode::invalid_argument, "token {} is not in the vocabulary of {}", token, info.vocab);
  }
}

// What jobs ask for, as sums; integers, so that what was added and taken away again is nothing.
struct TextSums {
  int64_t tokens = 0, attended = 0;
  void add(int length) { tokens += length, attended += int64_t{length} * length; }
  void drop(int length) { tokens -= length, attended -= int64_t{length} * length; }
  double seconds(const TextCosts& costs) const {
    return static_cast<double>(tokens) * costs.token + static_cast<double>(attended) * costs.attended;
  }
};

TextSums sums_of(const EncodeJob& job, size_t first = 0) {
  TextSums sums;
  for (size_t i = first; i < job.lengths.size(); ++i) sums.add(job.lengths[i]);
  return sums;
}

}  // namespace

struct EncodingEngine::Impl {
  Impl(const Encoder& encoder, const EncodingConfig& given, ThreadTeam* team)
      : info(encoder.info()), config(settled(given, info)), runner(encoder, config), costs(runner.costs()) {
    thread = std::thread([this, team] {
      if (team != nullptr) team->pin_caller();
      run();
    });
  }

  // Any thread.
  size_t result_bytes(const EncodeJob& job) const {
    return job.lengths.size() * static_cast<size_t>(info.outputs) * sizeof(float);
  }
  std::optional<int> refusal(const EncodeJob& job) const REQUIRES(mutex);

  // The engine's thread.
  void run() noexcept;  // an exception that gets here ends the process: it has no memory for a list
  void end_overdue(Clock::time_point now);
  void compute_batch();
  void count_batch(const std::vector<ChosenText>& chosen);
  void finish(RequestId id, EncodeOutcome&& outcome);
  void deliver();

  // Constant after construction.
  const EncoderInfo info;
  const EncodingConfig config;

  // The engine thread's.
  BatchRunner runner;
  JobQueue jobs;
  std::vector<std::pair<std::unique_ptr<OpenJob>, EncodeOutcome>> finished;  // of this turn

  mutable Mutex mutex;
  Condition wake;  // something for the engine's thread to do
  Condition idle;  // nothing unfinished, nothing undelivered
  std::vector<std::unique_ptr<OpenJob>> arrivals GUARDED_BY(mutex);
  std::vector<RequestId> cancels GUARDED_BY(mutex);
  EncodingStats stats GUARDED_BY(mutex) = with_all_buckets();
  TextCosts costs GUARDED_BY(mutex);   // as of the last batch
  TextSums waiting GUARDED_BY(mutex);  // texts that were not computed yet
  size_t waiting_result_bytes GUARDED_BY(mutex) = 0;
  int unfinished GUARDED_BY(mutex) = 0;
  int begun GUARDED_BY(mutex) = 0;  // of them
  RequestId last_id GUARDED_BY(mutex) = 0;
  bool is_draining GUARDED_BY(mutex) = false;
  bool is_stopping GUARDED_BY(mutex) = false;

  std::thread thread;
};

void EncodingEngine::Impl::run() noexcept {
  std::vector<std::unique_ptr<OpenJob>> arrived;
  std::vector<RequestId> cancelled;
  MutexLock lock(mutex);
  while (!is_stopping || unfinished > 0) {
    wake.wait(lock, [this]() REQUIRES(mutex) { return is_stopping || unfinished > 0 || !cancels.empty(); });
    arrived.swap(arrivals);
    cancelled.swap(cancels);
    const bool is_last = is_stopping;
    lock.unlock();

    for (auto& job : arrived) jobs.add(std::move(job));
    for (const RequestId id : cancelled) finish(id, {.end = EncodeOutcome::End::cancelled});
    if (is_last) {
      std::vector<RequestId> all;
      jobs.for_each([&](const OpenJob& job) { all.push_back(job.id); });
      for (const RequestId id : all) finish(id, {.end = EncodeOutcome::End::cancelled});
    }
    end_overdue(Clock::now());
    compute_batch();
    arrived.clear();
    cancelled.clear();
    deliver();

    lock.lock();
    if (unfinished == 0) idle.notify_all();
  }
}

// Those whose own deadline has passed, and those that have waited in vain for longer than the queue allows.
void EncodingEngine::Impl::end_overdue(Clock::time_point now) {
  std::vector<std::pair<RequestId, EncodeOutcome>> overdue;
  jobs.for_each([&](const OpenJob& job) {
    const double waited = seconds_between(job.submitted_at, now);
    if (job.job.timeout.count() > 0 && now - job.submitted_at >= job.job.timeout) {
      overdue.emplace_back(job.id,
                           EncodeOutcome{.end = EncodeOutcome::End::timeout,
                                         .error = fmt::format("the request's timeout of {} s has passed",
                                                              static_cast<double>(job.job.timeout.count()) / 1e3)});
    } else if (config.queue_timeout_s > 0 && !job.has_begun() && waited >= config.queue_timeout_s) {
      overdue.emplace_back(job.id, EncodeOutcome{.end = EncodeOutcome::End::timeout,
                                                 .error = fmt::format("the request waited for {:.0f} s", waited),
                                                 .retry_after_s = static_cast<int>(std::ceil(waited))});
    }
  });
  for (auto& [id, outcome] : overdue) finish(id, std::move(outcome));
}

void EncodingEngine::Impl::compute_batch() {
  const Clock::time_point now = Clock::now();
  const std::vector<ChosenText>& chosen = runner.choose(jobs, now);
  if (chosen.empty()) return;
  {
    const MutexLock lock(mutex);
    for (const ChosenText& text : chosen) {
      if (text.text > 0) continue;
      ++begun;
      stats.engine.queue_s.add(seconds_between(text.job->submitted_at, now));
    }
  }
  runner.compute();
  count_batch(chosen);
  for (const ChosenText& text : chosen) {
    if (!runner.has_numbers(text)) {
      finish(text.job->id, {.end = EncodeOutcome::End::failed,
                            .error = fmt::format("the model computed no numbers for text {}", text.text)});
    } else if (text.text + 1 == text.job->text_count()) {
      finish(text.job->id, {});
    }
  }
}

void EncodingEngine::Impl::count_batch(const std::vector<ChosenText>& chosen) {
  const MutexLock lock(mutex);
  for (const ChosenText& text : chosen) waiting.drop(text.length);
  costs = runner.costs();
  stats.texts.computed += chosen.size();
  stats.texts.batch_texts.add(static_cast<double>(chosen.size()));
  EngineStats& engine = stats.engine;
  ++engine.steps;
  engine.prompt_tokens += static_cast<uint64_t>(runner.batch_tokens());
  engine.step_rows.add(runner.batch_tokens());
  engine.step_s.add(runner.seconds());
  engine.compute_s += runner.seconds();
}

// Counts the end of an open job, and keeps it until deliver(): whoever is told finds in stats() what that implies.
void EncodingEngine::Impl::finish(RequestId id, EncodeOutcome&& outcome) {
  std::unique_ptr<OpenJob> job = jobs.remove(id);
  if (job == nullptr) return;
  const MutexLock lock(mutex);
  const TextSums left = sums_of(job->job, job->next_text);
  waiting.tokens -= left.tokens;
  waiting.attended -= left.attended;
  waiting_result_bytes -= result_bytes(job->job);
  if (job->has_begun()) --begun;
  EngineStats& engine = stats.engine;
  switch (outcome.end) {
    case EncodeOutcome::End::done:
      outcome.results = std::move(job->results);
      ++engine.requests_done;
      engine.e2e_s.add(seconds_between(job->submitted_at, Clock::now()));
      break;
    case EncodeOutcome::End::cancelled:
      ++engine.requests_cancelled;
      break;
    case EncodeOutcome::End::timeout:
      ++engine.requests_timed_out;
      break;
    case EncodeOutcome::End::failed:
      ++engine.requests_failed;
      break;
  }
  finished.emplace_back(std::move(job), std::move(outcome));
}

void EncodingEngine::Impl::deliver() {
  for (auto& [job, outcome] : finished) job->sink(std::move(outcome));
  const auto count = static_cast<int>(finished.size());
  finished.clear();
  const MutexLock lock(mutex);
  unfinished -= count;
}

// When to come back, for a job that would wait longer than is allowed.
std::optional<int> EncodingEngine::Impl::refusal(const EncodeJob& job) const {
  if (unfinished == 0) return std::nullopt;
  const TextSums asked = sums_of(job);
  const double own = asked.seconds(costs), ahead = waiting.seconds(costs);
  const double timeout = std::chrono::duration<double>(job.timeout).count();
  constexpr uint64_t kBatchesToKnow = 8;  // before, costs are guesses that may be ten times too high
  const bool has_to_wait = waiting.tokens > 0 && stats.engine.steps >= kBatchesToKnow;
  const bool is_too_much = has_to_wait && ahead + own > config.queue_work_max_s;
  const bool is_too_late = has_to_wait && timeout > 0 && ahead > timeout;
  const bool is_too_large = waiting.tokens + asked.tokens > config.queue_tokens_max ||
                            waiting_result_bytes + result_bytes(job) > config.result_bytes_max;
  if (unfinished < config.queue_max && !is_too_much && !is_too_late && !is_too_large) return std::nullopt;
  const double bound = is_too_late ? std::min(timeout, config.queue_work_max_s) : config.queue_work_max_s;
  const double until_one_ends = ahead / (unfinished + 1);
  return static_cast<int>(std::ceil(std::clamp(std::max(ahead + own - bound, until_one_ends), 1.0, 3600.0)));
}

EncodingEngine::EncodingEngine(const Encoder& encoder, const EncodingConfig& config, ThreadTeam* team)
    : impl_(std::make_unique<Impl>(encoder, config, team)) {}

EncodingEngine::~EncodingEngine() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

const EncoderInfo& EncodingEngine::info() const { return impl_->info; }

const EncodingConfig& EncodingEngine::config() const { return impl_->config; }

int EncodingEngine::tokens_max() const { return impl_->config.context; }

SubmitResult EncodingEngine::submit(EncodeJob job, EncodeSink sink) {
  Impl& impl = *impl_;
  check_job(job, impl.info, tokens_max());
  auto open = std::make_unique<OpenJob>();
  open->submitted_at = open->advanced_at = Clock::now();
  const TextSums sums = sums_of(job);
  const MutexLock lock(impl.mutex);
  if (impl.is_draining || impl.is_stopping) {
    return {.status = SubmitStatus::stopping, .retry_after_s = kRestartSeconds};
  }
  if (const auto retry_after_s = impl.refusal(job)) {
    ++impl.stats.engine.requests_refused;
    return {.status = SubmitStatus::queue_full, .retry_after_s = *retry_after_s};
  }
  impl.waiting.tokens += sums.tokens;
  impl.waiting.attended += sums.attended;
  impl.waiting_result_bytes += impl.result_bytes(job);
  ++impl.unfinished;
  open->id = ++impl.last_id;
  open->job = std::move(job);
  open->sink = std::move(sink);
  const RequestId id = open->id;
  impl.arrivals.push_back(std::move(open));
  impl.wake.notify_one();
  return {.status = SubmitStatus::accepted, .id = id};
}

void EncodingEngine::cancel(RequestId id) {
  const MutexLock lock(impl_->mutex);
  impl_->cancels.push_back(id);
  impl_->wake.notify_one();
}

bool EncodingEngine::drain(std::chrono::milliseconds timeout) {
  Impl& impl = *impl_;
  MutexLock lock(impl.mutex);
  impl.is_draining = true;
  return impl.idle.wait_for(lock, timeout, [&impl]() REQUIRES(impl.mutex) { return impl.unfinished == 0; });
}

EncodingStats EncodingEngine::stats() const {
  const Impl& impl = *impl_;
  const MutexLock lock(impl.mutex);
  EncodingStats stats = impl.stats;
  stats.engine.running = impl.begun;
  stats.engine.waiting = impl.unfinished - impl.begun;
  stats.engine.queue_work_s = impl.waiting.seconds(impl.costs);
  stats.texts.waiting_tokens = impl.waiting.tokens;
  return stats;
}

}  // namespace estoc
