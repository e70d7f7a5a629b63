#include "encoding/job_queue.h"

#include <algorithm>

namespace estoc {

void JobQueue::add(std::unique_ptr<OpenJob> job) {
  double earliest = -1;
  for (const auto& other : jobs_) {
    if (other->job.client != job->job.client || other->is_all_chosen()) continue;
    if (earliest < 0 || other->virtual_time < earliest) earliest = other->virtual_time;
  }
  job->virtual_time = std::max(0.0, earliest);
  shares_.enter(job->job.client);
  jobs_.push_back(std::move(job));
}

std::unique_ptr<OpenJob> JobQueue::remove(RequestId id) {
  const auto at = std::ranges::find_if(jobs_, [id](const auto& job) { return job->id == id; });
  if (at == jobs_.end()) return nullptr;
  std::unique_ptr<OpenJob> removed = std::move(*at);
  jobs_.erase(at);
  shares_.leave(removed->job.client);
  return removed;
}

JobQueue::Order JobQueue::order_of(const OpenJob& job) const {
  if (now_ - job.advanced_at > kAgeingLimit) return {false, 0, 0, 0, job.id};
  return {true, job.job.priority, shares_.served(job.job.client), job.virtual_time + job.job.lengths[job.next_text],
          job.id};
}

void JobQueue::start(Clock::time_point now) {
  now_ = now;
  turns_.clear();
  for (const auto& job : jobs_) {
    if (!job->is_all_chosen()) turns_.push_back({order_of(*job), job.get()});
  }
  std::ranges::make_heap(turns_, std::greater{}, &Turn::order);
}

// Orders only become later while a batch is chosen, as clients and jobs get their tokens: whoever is still where the
// heap has him is the first.
OpenJob* JobQueue::first() {
  while (!turns_.empty()) {
    const Turn& turn = turns_.front();
    const Order order = order_of(*turn.job);
    if (order == turn.order) return turn.job;
    std::ranges::pop_heap(turns_, std::greater{}, &Turn::order);
    turns_.back().order = order;
    std::ranges::push_heap(turns_, std::greater{}, &Turn::order);
  }
  return nullptr;
}

// The next text of the job that first() gave.
ChosenText JobQueue::take(OpenJob& job, Clock::time_point now) {
  const int length = job.job.lengths[job.next_text];
  const ChosenText chosen{&job, job.next_text, job.next_token, length};
  ++job.next_text;
  job.next_token += static_cast<size_t>(length);
  job.advanced_at = now;
  job.virtual_time += length;
  shares_.charge(job.job.client, length);
  if (job.is_all_chosen()) set_aside();
  return chosen;
}

void JobQueue::set_aside() {
  std::ranges::pop_heap(turns_, std::greater{}, &Turn::order);
  turns_.pop_back();
}

}  // namespace estoc
