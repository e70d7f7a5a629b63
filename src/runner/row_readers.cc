#include "runner/row_readers.h"

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

void RowReaders::run(std::span<RowJob> jobs, std::span<const RowChoice> choices, const float* logits, size_t vocab) {
  const auto read = [&](int64_t i, int thread) {
    RowJob& job = jobs[static_cast<size_t>(i)];
    if (choices[static_cast<size_t>(i)].token) return;
    Reader& reader = readers_[static_cast<size_t>(thread)];
    const std::span row(logits + static_cast<size_t>(i) * vocab, vocab);
    if (job.mask != nullptr) {
      reader.mask.reset(vocab);
      job.mask->restrict(reader.mask, job.ahead);
    }
    if (job.state != nullptr) {
      job.token = reader.sampler.sample(*job.state, row, job.mask == nullptr ? nullptr : &reader.mask, job.ahead);
    }
    if (job.token && job.top_logprobs >= 0) {
      job.logprobs = reader.logprobs.read(row, *job.token, job.top_logprobs);
    }
  };
  if (team_ != nullptr) return team_->parallel_items(static_cast<int64_t>(jobs.size()), read);
  for (size_t i = 0; i < jobs.size(); ++i) read(static_cast<int64_t>(i), 0);
}

}  // namespace estoc
