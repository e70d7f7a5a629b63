#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "base/thread_team.h"
#include "engine/request_rules.h"
#include "engine/step.h"
#include "runner/local_runner.h"
#include "sampling/counter_rng.h"

namespace estoc {
namespace {

EngineConfig checked(const EngineConfig& config) {
  if (config.context < 2 || config.sequences_max < 1 || config.batch_tokens_max < 1 || config.queue_max < 0 ||
      config.steps_kept < 0) {
    fail(ErrorCode::invalid_argument,
         "an engine needs context >= 2, sequences_max >= 1, batch_tokens_max >= 1, queue_max >= 0 and steps_kept >= 0, "
         "got {}, {}, {}, {} and {}",
         config.context, config.sequences_max, config.batch_tokens_max, config.queue_max, config.steps_kept);
  }
  return config;
}

// What a client is told when the server goes down: about the time another one takes to come up.
constexpr int kRestartSeconds = 5;

uint64_t drawn_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

struct Engine::Impl {
  Impl(std::unique_ptr<Runner> own, Runner& runner, const EngineConfig& given, ThreadTeam* team)
      : config(checked(given)),
        vocab(runner.info().vocab),
        seed(drawn_seed()),
        own_runner(std::move(own)),
        stepper(runner, config),
        steps(config.steps_kept) {
    stats = next_stats = stepper.stats();
    costs = stepper.costs();
    thread = std::thread([this, team] {
      if (team != nullptr) team->pin_caller();
      run();
    });
  }

  void run() noexcept;  // an exception that gets here ends the process: see engine.h
  void publish();
  void end(RequestId id, FinishReason reason);
  size_t unfinished() const REQUIRES(mutex) {
    return static_cast<size_t>(stats.running + stats.waiting) + arrivals.size();
  }
  std::optional<int> refusal(const Request& request) const REQUIRES(mutex);

  // Constant after construction.
  const EngineConfig config;
  const int vocab;
  const uint64_t seed;  // of the seeds of requests that bring none

  // The engine thread's.
  const std::unique_ptr<Runner> own_runner;  // null when the caller has it
  Stepper stepper;
  EngineStats next_stats;

  mutable Mutex mutex;
  Condition wake;  // something for the engine thread to do
  Condition idle;  // nothing unfinished, nothing undelivered
  std::vector<std::unique_ptr<Sequence>> arrivals GUARDED_BY(mutex);
  std::vector<std::pair<RequestId, FinishReason>> ends GUARDED_BY(mutex);  // asked for by the callers
  EngineStats stats GUARDED_BY(mutex);                                     // as of the last step
  StepLog steps GUARDED_BY(mutex);
  WorkCosts costs GUARDED_BY(mutex);  // likewise
  double arrivals_work_s GUARDED_BY(mutex) = 0;
  uint64_t refused_count GUARDED_BY(mutex) = 0;
  RequestId last_id GUARDED_BY(mutex) = 0;
  bool is_draining GUARDED_BY(mutex) = false;
  bool is_stopping GUARDED_BY(mutex) = false;
  bool is_stepping GUARDED_BY(mutex) = false;

  std::thread thread;
};

void Engine::Impl::run() noexcept {
  std::vector<std::unique_ptr<Sequence>> arrived;
  std::vector<std::pair<RequestId, FinishReason>> ended;
  MutexLock lock(mutex);
  while (!is_stopping || unfinished() > 0) {
    wake.wait(lock, [this]() REQUIRES(mutex) { return is_stopping || unfinished() > 0 || !ends.empty(); });
    arrived.swap(arrivals);
    ended.swap(ends);
    stats.waiting += static_cast<int>(arrived.size());
    stats.queue_work_s += std::exchange(arrivals_work_s, 0);
    is_stepping = true;
    const bool is_last = is_stopping;
    lock.unlock();

    for (auto& sequence : arrived) stepper.add(std::move(sequence));
    for (const auto& [id, reason] : ended) stepper.end(id, reason);
    if (is_last) stepper.end_all(FinishReason::cancelled);
    stepper.step();
    arrived.clear();
    ended.clear();

    publish();  // before delivery: whoever receives an event finds in stats() what it implies
    if (!stepper.leaves_delivery() && stepper.deliver() > 0) publish();
    lock.lock();
    is_stepping = false;
    if (unfinished() == 0) idle.notify_all();
  }
}

// The copy is made outside the lock, into what the last one but one lay in: callers wait for a swap, and nothing is
// allocated.
void Engine::Impl::publish() {
  next_stats = stepper.stats();
  const WorkCosts new_costs = stepper.costs();
  const MutexLock lock(mutex);
  if (next_stats.steps != stats.steps) steps.add(stepper.last_step());
  std::swap(stats, next_stats);
  costs = new_costs;
}

void Engine::Impl::end(RequestId id, FinishReason reason) {
  const MutexLock lock(mutex);
  ends.emplace_back(id, reason);
  wake.notify_one();
}

// When to come back, for a request that would wait longer than is allowed.
std::optional<int> Engine::Impl::refusal(const Request& request) const {
  const double own = costs.request(request, static_cast<int>(request.prompt.size()));
  const double ahead = stats.queue_work_s + arrivals_work_s;
  const size_t count_max = static_cast<size_t>(config.sequences_max) + static_cast<size_t>(config.queue_max);
  const double timeout = std::chrono::duration<double>(request.timeout).count();
  constexpr uint64_t kStepsToKnow = 8;  // before, costs are guesses that may be ten times too high
  const bool has_to_wait = (stats.waiting > 0 || !arrivals.empty()) && stats.steps >= kStepsToKnow;
  const bool is_too_much = has_to_wait && ahead + own > config.queue_work_max_s;
  const bool is_too_late = has_to_wait && timeout > 0 && ahead > timeout;
  if (unfinished() < count_max && !is_too_much && !is_too_late) return std::nullopt;
  const double bound = is_too_late ? std::min(timeout, config.queue_work_max_s) : config.queue_work_max_s;
  const double until_one_ends = ahead / static_cast<double>(unfinished() + 1);
  return static_cast<int>(std::ceil(std::clamp(std::max(ahead + own - bound, until_one_ends), 1.0, 3600.0)));
}

Engine::Engine(Runner& runner, const EngineConfig& config, ThreadTeam* team)
    : impl_(std::make_unique<Impl>(nullptr, runner, config, team)) {}

Engine::Engine(const Model& model, const EngineConfig& config, ThreadTeam* team) {
  auto runner = std::make_unique<LocalRunner>(model, team);
  Runner& running = *runner;
  impl_ = std::make_unique<Impl>(std::move(runner), running, config, team);
}

Engine::~Engine() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

SubmitResult Engine::submit(Request request, EventSink sink) {
  Impl& impl = *impl_;
  validate(request, impl.vocab, impl.config, impl.stepper.positions_max());
  auto place = Sequence::start_constraint(request);  // may take a while
  const MutexLock lock(impl.mutex);
  if (impl.is_draining || impl.is_stopping || impl.stats.is_lost) {
    return {.status = SubmitStatus::stopping, .retry_after_s = kRestartSeconds};
  }
  if (const auto retry_after_s = impl.refusal(request)) {
    ++impl.refused_count;
    return {.status = SubmitStatus::queue_full, .retry_after_s = *retry_after_s};
  }
  impl.arrivals_work_s += impl.costs.request(request, static_cast<int>(request.prompt.size()));
  const RequestId id = ++impl.last_id;
  impl.arrivals.push_back(std::make_unique<Sequence>(id, std::move(request), std::move(sink),
                                                     random_bits(impl.seed, id), std::move(place)));
  impl.wake.notify_one();
  return {.status = SubmitStatus::accepted, .id = id};
}

void Engine::cancel(RequestId id) { impl_->end(id, FinishReason::cancelled); }

void Engine::complete(RequestId id) { impl_->end(id, FinishReason::completed); }

bool Engine::drain(std::chrono::milliseconds timeout) {
  Impl& impl = *impl_;
  MutexLock lock(impl.mutex);
  impl.is_draining = true;
  return impl.idle.wait_for(lock, timeout,
                            [&impl]() REQUIRES(impl.mutex) { return impl.unfinished() == 0 && !impl.is_stepping; });
}

EngineStats Engine::stats() const {
  const MutexLock lock(impl_->mutex);
  EngineStats stats = impl_->stats;
  stats.waiting += static_cast<int>(impl_->arrivals.size());
  stats.queue_work_s += impl_->arrivals_work_s;
  stats.requests_refused = impl_->refused_count;
  return stats;
}

std::vector<StepRecord> Engine::last_steps() const {
  const MutexLock lock(impl_->mutex);
  return impl_->steps.records();
}

const EngineConfig& Engine::config() const { return impl_->config; }

}  // namespace estoc
