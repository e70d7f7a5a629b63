#include "load/load_run.h"

#include <algorithm>
#include <future>
#include <optional>

#include "base/error.h"
#include "base/mutex.h"
#include "load/dialogue.h"

namespace estoc {
namespace {

using Clock = http::EventLoop::Clock;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kUsersTick{50};  // how often a changing number of users is looked at

}  // namespace

class LoadRun::Driver final : public DialogueHost {
 public:
  Driver(const Target& target, const RequestOptions& options, const LoadShape& shape,
         std::unique_ptr<Workload> workload)
      : options_(options),
        shape_(shape),
        workload_(std::move(workload)),
        target_(target),
        client_(loop_, target.server),
        timer_(std::in_place, loop_),
        start_(Clock::now()) {
    if (shape_.users == 0 && shape_.arrivals != ArrivalKind::trace) arrivals_.emplace(shape_);
    draw();
    if (shape_.users == 0 && !arrivals_ && !drawn_.at_s) {
      fail(ErrorCode::invalid_argument, "--arrivals trace: the workload has no times; expected --workload trace");
    }
    loop_.start(http::LoopPriority::normal);
    loop_.post([this] { begin(); });
  }

  ~Driver() override {
    stop();
    loop_.stop();
  }

  bool wait_for(std::chrono::milliseconds timeout) {
    MutexLock lock(mutex_);
    return ended_.wait_for(lock, timeout, [this]() REQUIRES(mutex_) { return has_ended_; });
  }

  void stop() {
    std::promise<void> stopped;
    const bool was_posted = loop_.post([&] {
      is_over_ = is_stopped_ = true;
      timer_.reset();
      client_.close();
      end(true);
      stopped.set_value();
    });
    if (was_posted) stopped.get_future().wait();
  }

  RunCounts counts() const {
    RunCounts counts = log_.counts();
    const MutexLock lock(mutex_);
    counts.time_s = Seconds((has_ended_ ? end_ : Clock::now()) - start_).count();
    return counts;
  }

  LoadPoint point() const;

  const Target& target() const override { return target_; }
  http::Client& client() override { return client_; }
  http::EventLoop& loop() override { return loop_; }
  const RequestOptions& options() const override { return options_; }
  Clock::time_point start() const override { return start_; }
  bool wants_turn_at(double scheduled_s) const override {
    return !is_stopped_ && (shape_.duration_s <= 0 || scheduled_s < shape_.duration_s);
  }
  void on_sent() override { log_.add_sent(); }
  void on_record(RequestRecord record) override { log_.add(std::move(record)); }
  // Without it a closed loop would throw itself at a server that is full.
  bool rests_after_failure() const override { return shape_.users > 0 && may_begin_at(now_s()); }
  void on_dialogue_end() override;

 private:
  double now_s() const { return Seconds(Clock::now() - start_).count(); }
  Clock::time_point time_of(double seconds) const {
    return start_ + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  }

  // The next conversation is made before it is due.
  void draw() { drawn_ = workload_->next(); }
  void begin();
  void schedule_arrival();
  void admit_users();
  void tick_users();
  void begin_dialogue(double scheduled_s);
  bool may_begin_at(double scheduled_s) const {
    return !is_over_ && (shape_.duration_s <= 0 || scheduled_s < shape_.duration_s) &&
           (shape_.conversations_max <= 0 || begun_ < shape_.conversations_max);
  }
  void end_if_idle();
  void end(bool was_cut);

  const RequestOptions options_;
  const LoadShape shape_;
  const std::unique_ptr<Workload> workload_;
  const Target target_;
  http::EventLoop loop_;
  http::Client client_;
  std::optional<http::LoopTimer> timer_;  // of arrivals, or of a changing number of users
  std::optional<ArrivalTimes> arrivals_;
  const Clock::time_point start_;
  RunLog log_;
  Conversation drawn_;          // the next one
  double due_s_ = -1;           // when it arrives in an open loop; -1: not known yet
  int begun_ = 0, active_ = 0;  // conversations; those that rest too
  bool is_over_ = false;        // no conversation begins any more
  bool is_stopped_ = false;     // and no turn is sent

  mutable Mutex mutex_;
  Condition ended_;
  bool has_ended_ GUARDED_BY(mutex_) = false;
  bool was_cut_ GUARDED_BY(mutex_) = false;  // ended by stop()
  Clock::time_point end_ GUARDED_BY(mutex_);
};

void LoadRun::Driver::begin() {
  if (is_stopped_) return;
  if (shape_.users == 0) return schedule_arrival();
  admit_users();
  if (shape_.pattern == LoadPattern::ramp || shape_.pattern == LoadPattern::spike) tick_users();
}

// Open loop: what is due is begun, then the timer waits for the next.
void LoadRun::Driver::schedule_arrival() {
  for (;;) {
    if (due_s_ < 0) due_s_ = arrivals_ ? arrivals_->next() : *drawn_.at_s / shape_.trace_speed;
    if (!may_begin_at(due_s_)) {
      is_over_ = true;
      return end_if_idle();
    }
    if (due_s_ > now_s()) break;
    begin_dialogue(std::exchange(due_s_, -1));
  }
  timer_->set(time_of(due_s_), [this] { schedule_arrival(); });
}

// Closed loop: as many conversations as there are users now.
void LoadRun::Driver::admit_users() {
  const double now = now_s();
  while (active_ < users_at(shape_, now) && may_begin_at(now)) begin_dialogue(now);
  if (!may_begin_at(now)) is_over_ = true;
  end_if_idle();
}

void LoadRun::Driver::tick_users() {
  if (is_over_) return;
  timer_->set(Clock::now() + kUsersTick, [this] {
    admit_users();
    tick_users();
  });
}

void LoadRun::Driver::begin_dialogue(double scheduled_s) {
  ++begun_;
  ++active_;
  std::make_shared<Dialogue>(*this, std::move(drawn_))->start(scheduled_s);
  draw();
}

void LoadRun::Driver::on_dialogue_end() {
  --active_;
  if (is_stopped_) return;
  if (shape_.users > 0) return admit_users();
  end_if_idle();
}

void LoadRun::Driver::end_if_idle() {
  if (is_over_ && active_ == 0) end(false);
}

void LoadRun::Driver::end(bool was_cut) {
  const MutexLock lock(mutex_);
  if (has_ended_) return;
  has_ended_ = true;
  was_cut_ = was_cut;
  end_ = Clock::now();
  ended_.notify_all();
}

LoadPoint LoadRun::Driver::point() const {
  LoadPoint point{.load = shape_.label(), .offered_rps = shape_.rate, .users = shape_.users};
  point.server = target_.name;
  point.requests = log_.records();
  // The time in which conversations began, and what the last answers took beyond it.
  point.duration_s = shape_.duration_s;
  for (const RequestRecord& request : point.requests) point.duration_s = std::max(point.duration_s, request.end_s);
  const MutexLock lock(mutex_);
  if (was_cut_ && has_ended_) point.duration_s = Seconds(end_ - start_).count();
  return point;
}

LoadRun::LoadRun(const Target& target, const RequestOptions& options, const LoadShape& shape,
                 std::unique_ptr<Workload> workload) {
  check_load_shape(shape);
  driver_ = std::make_unique<Driver>(target, options, shape, std::move(workload));
}

LoadRun::~LoadRun() = default;

bool LoadRun::wait_for(std::chrono::milliseconds timeout) { return driver_->wait_for(timeout); }
void LoadRun::stop() { driver_->stop(); }
RunCounts LoadRun::counts() const { return driver_->counts(); }
LoadPoint LoadRun::point() const { return driver_->point(); }

}  // namespace estoc
