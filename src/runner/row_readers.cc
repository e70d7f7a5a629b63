#include "runner/row_readers.h"

#include <algorithm>
#include <chrono>

#include "base/thread_team.h"

namespace estoc {

RowReaders::RowReaders(ThreadTeam* team)
    : team_(team), readers_(team == nullptr ? 1 : static_cast<size_t>(team->thread_count())) {}

std::optional<RowDraw> RowReaders::draw_of(const RowJob& job) {
  if (job.state == nullptr || job.mask != nullptr || job.top_logprobs >= 0) return std::nullopt;
  const SamplingParams& params = job.state->params();
  if (!takes_logits_as_they_are(params)) return std::nullopt;
  return RowDraw{.temperature = params.temperature < kGreedyBelow ? 0 : params.temperature,
                 .top_p = params.top_p,
                 .min_p = params.min_p,
                 .top_k = params.top_k,
                 .seed = job.state->seed(),
                 .position = job.state->output_count() + job.ahead.size()};
}

template <typename Each>
void RowReaders::for_each(size_t count, const Each& each) {
  if (team_ != nullptr) return team_->parallel_items(static_cast<int64_t>(count), each);
  for (size_t i = 0; i < count; ++i) each(static_cast<int64_t>(i), 0);
}

void RowReaders::fill_masks(std::span<RowJob> jobs, size_t vocab) {
  if (std::ranges::none_of(jobs, [](const RowJob& job) { return job.mask != nullptr; })) return;
  if (masks_.size() < jobs.size()) masks_.resize(jobs.size());
  for_each(jobs.size(), [&](int64_t i, int) {
    RowJob& job = jobs[static_cast<size_t>(i)];
    if (job.mask == nullptr) return;
    const auto begin = std::chrono::steady_clock::now();
    TokenMask& mask = masks_[static_cast<size_t>(i)];
    mask.reset(vocab);
    job.mask->restrict(mask, job.ahead);
    job.mask_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  });
}

void RowReaders::run(std::span<RowJob> jobs, std::span<const RowChoice> choices, const float* logits, size_t vocab) {
  for_each(jobs.size(), [&](int64_t i, int thread) {
    RowJob& job = jobs[static_cast<size_t>(i)];
    if (choices[static_cast<size_t>(i)].token) return;
    Reader& reader = readers_[static_cast<size_t>(thread)];
    const std::span row(logits + static_cast<size_t>(i) * vocab, vocab);
    if (job.state != nullptr) {
      const TokenMask* const mask = job.mask == nullptr ? nullptr : &masks_[static_cast<size_t>(i)];
      job.token = reader.sampler.sample(*job.state, row, mask, job.ahead);
    }
    if (job.token && job.top_logprobs >= 0) {
      job.logprobs = reader.logprobs.read(row, *job.token, job.top_logprobs);
    }
  });
}

}  // namespace estoc
