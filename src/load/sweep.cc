#include "load/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "http/listen_socket.h"
#include "load/drift.h"
#include "load/load_run.h"
#include "load/model_query.h"

namespace estoc {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr int kWarmupUsersMax = 4;
constexpr uint64_t kWarmupSeed = 0x77617274;  // any number far from those of the loads

class Sweep {
 public:
  Sweep(const SweepPlan& plan, const SweepWatch& watch) : plan_(plan), watch_(watch) {}

  std::vector<LoadPoint> run() {
    std::vector<std::string> models;
    for (const Target& target : plan_.targets) {
      models.push_back(plan_.request.model.empty() ? first_model(target, plan_.request.api_key) : plan_.request.model);
    }
    std::vector<LoadPoint> points;
    for (size_t l = 0; l < plan_.loads.size(); ++l) {
      for (size_t t = 0; t < plan_.targets.size(); ++t) {
        if (!points.empty()) pause();
        if (is_stopped()) return points;
        options_ = plan_.request;
        options_.model = models[t];
        warm_up(plan_.targets[t]);
        if (is_stopped()) return points;
        points.push_back(run_point(plan_.targets[t], plan_.loads[l], plan_.workload.seed + l));
        watch_.point_done(points.back());
      }
    }
    return points;
  }

 private:
  bool is_stopped() {
    is_stopped_ = is_stopped_ || watch_.should_stop();
    return is_stopped_;
  }

  void pause() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(plan_.pause_s);
    while (std::chrono::steady_clock::now() < end && !is_stopped()) std::this_thread::sleep_for(kLook);
  }

  void warm_up(const Target& target) {
    if (plan_.warmup == 0) return;
    WorkloadOptions options = plan_.workload;
    options.seed ^= kWarmupSeed;
    const LoadShape shape{.users = std::min(plan_.warmup, kWarmupUsersMax), .conversations_max = plan_.warmup};
    LoadRun run(target, options_, shape, make_workload(options));
    follow(run, fmt::format("{}, warm-up", target.name), false);
  }

  LoadPoint run_point(const Target& target, const LoadShape& shape, uint64_t seed) {
    WorkloadOptions options = plan_.workload;
    options.seed = seed;
    LoadRun run(target, options_, shape, make_workload(options));
    follow(run, fmt::format("{}, {}", target.name, shape.label()), shape.pattern == LoadPattern::endurance);
    return run.point();
  }

  void follow(LoadRun& run, const std::string& title, bool tells_drift) {
    std::string drift;
    auto drift_due = std::chrono::steady_clock::now();
    while (!run.wait_for(kLook)) {
      if (is_stopped()) run.stop();
      const auto now = std::chrono::steady_clock::now();
      if (tells_drift && now >= drift_due) {
        drift = drift_text(drift_of(run.point().requests));
        drift_due = now + std::chrono::seconds(5);
      }
      watch_.progress(title + ": " + progress_text(run.counts()) + (drift.empty() ? "" : "; drift: " + drift));
    }
  }

  const SweepPlan& plan_;
  const SweepWatch& watch_;
  RequestOptions options_;
  bool is_stopped_ = false;
};

}  // namespace

std::vector<LoadPoint> run_sweep(SweepPlan plan, const SweepWatch& watch) {
  http::raise_descriptor_limit();
  make_workload(plan.workload);  // what is wrong with it is told before a server is asked
  for (const LoadShape& load : plan.loads) check_load_shape(load);
  for (Target& target : plan.targets) find_address(target);
  return Sweep(plan, watch).run();
}

}  // namespace estoc
