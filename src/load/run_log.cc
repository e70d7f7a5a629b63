#include "load/run_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace estoc {
namespace {

constexpr size_t kLatest = 100;

}  // namespace

void RunLog::add_sent() {
  const MutexLock lock(mutex_);
  ++counts_.sent;
  ++counts_.running;
}

void RunLog::add(RequestRecord record) {
  const MutexLock lock(mutex_);
  --counts_.running;
  if (record.is_ok()) {
    ++counts_.done;
  } else if (record.status == 429 || record.status == 503) {
    ++counts_.refused;
  } else {
    ++counts_.failed;
  }
  if (record.is_ok() && record.first_s >= 0) {
    latest_ttft_s_.push_back(record.first_s - record.scheduled_s);
    if (latest_ttft_s_.size() > kLatest) latest_ttft_s_.pop_front();
  }
  records_.push_back(std::move(record));
}

RunCounts RunLog::counts() const {
  std::vector<double> latest;
  RunCounts counts;
  {
    const MutexLock lock(mutex_);
    counts = counts_;
    latest.assign(latest_ttft_s_.begin(), latest_ttft_s_.end());
  }
  if (!latest.empty()) {
    const auto middle = latest.begin() + static_cast<std::ptrdiff_t>(latest.size() / 2);
    std::nth_element(latest.begin(), middle, latest.end());
    counts.ttft_p50_s = *middle;
  }
  return counts;
}

std::vector<RequestRecord> RunLog::records() const {
  const MutexLock lock(mutex_);
  return records_;
}

std::string progress_text(const RunCounts& counts) {
  std::string text = fmt::format("{:.0f} s, sent {}, running {}, done {}, refused {}, failed {}", counts.time_s,
                                 counts.sent, counts.running, counts.done, counts.refused, counts.failed);
  if (counts.ttft_p50_s >= 0) text += fmt::format(", TTFT p50 {:.3f} s", counts.ttft_p50_s);
  return text;
}

}  // namespace estoc
