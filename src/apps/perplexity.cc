// `estoc perplexity MODEL FILE`: how well the model predicts a text, by llama.cpp's convention: contiguous windows of
// --ctx tokens, BOS in front of each where the model wants one, and the second half of every window scored.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "apps/commands.h"
#include "apps/process_options.h"
#include "apps/progress_bar.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "base/memory.h"
#include "checkpoint/checkpoint.h"
#include "models/single_sequence.h"
#include "serving/settled.h"

namespace estoc {
namespace {

constexpr int kRows = 64;  // rows of one forward pass: bounds the logits

// Sums of negative log-likelihoods and of their squares.
struct Score {
  double sum = 0, squares = 0;
  int64_t count = 0;

  void add(double nll) {
    sum += nll;
    squares += nll * nll;
    ++count;
  }
  double perplexity() const { return std::exp(sum / static_cast<double>(count)); }
  // Standard error of the perplexity, to first order.
  double error() const {
    const double mean = sum / static_cast<double>(count), n = static_cast<double>(count);
    return perplexity() * std::sqrt(std::max(0.0, squares / n - mean * mean) / std::max(1.0, n - 1));
  }
};

double negative_log_likelihood(const float* logits, size_t vocab, TokenId token) {
  const double largest = *std::max_element(logits, logits + vocab);
  double sum = 0;
  for (size_t i = 0; i < vocab; ++i) sum += std::exp(static_cast<double>(logits[i]) - largest);
  return largest + std::log(sum) - logits[token];
}

void score_window(SingleSequence& sequence, size_t vocab, std::span<const TokenId> window, Score& score) {
  const int count = static_cast<int>(window.size()), first = count / 2;
  sequence.restart();
  for (int begin = 0; begin < count; begin += kRows) {
    const int rows = std::min(kRows, count - begin);
    std::vector<int32_t> wanted;  // rows that predict a scored token: from the middle to the one before the last
    for (int r = 0; r < rows; ++r) {
      if (begin + r >= first && begin + r + 1 < count) wanted.push_back(r);
    }
    const auto logits = sequence.forward(window.subspan(static_cast<size_t>(begin), static_cast<size_t>(rows)), wanted);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto next = static_cast<size_t>(begin + wanted[i] + 1);
      score.add(negative_log_likelihood(&logits[i * vocab], vocab, window[next]));
    }
  }
}

}  // namespace

int perplexity(const PerplexityOptionValues& options) {
  apply_process_options(options);
  const NamedModel named = named_model(options.model);
  const Checkpoint checkpoint = open_checkpoint(named.path);
  const Settled settled = settle(read_model_settings(named, options), *checkpoint.weights, available_memory());
  const ModelPlan plan = plan_model(settled.settings, settled.info, settled.placement);
  const int window_tokens = plan.engine.context;
  if (window_tokens < 4)
    fail(ErrorCode::invalid_argument, "--ctx: {} is too small a window, expected at least 4", window_tokens);
  ThreadTeam team(thread_count(read_runtime_settings(options)));
  const auto model = load_model(*checkpoint.weights, team, load_options(settled));
  const auto tokens =
      checkpoint.tokenizer->encode(read_file(options.file), {.add_special = false, .parse_special = false});
  const int window_count =
      std::min(static_cast<int>(tokens.size()) / window_tokens, options.windows > 0 ? options.windows : 1 << 30);
  if (window_count == 0) {
    fail(ErrorCode::invalid_argument, "{}: has {} tokens, expected at least one window of {}", options.file,
         tokens.size(), window_tokens);
  }
  SingleSequence sequence(*model, plan.engine.kv_type, window_tokens, kRows);
  Score score;
  ProgressBar bar("perplexity");
  const auto started = std::chrono::steady_clock::now();
  for (int w = 0; w < window_count; ++w) {
    std::vector<TokenId> window(tokens.begin() + w * window_tokens, tokens.begin() + (w + 1) * window_tokens);
    if (checkpoint.tokenizer->adds_bos()) window.front() = *checkpoint.tokenizer->bos();
    score_window(sequence, static_cast<size_t>(model->info().vocab), window, score);
    bar.update(static_cast<uint64_t>(w) + 1, static_cast<uint64_t>(window_count));
  }
  bar.finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  write_output(fmt::format("perplexity {:.4f} +/- {:.4f} over {} tokens ({} windows of {}, {:.1f} s, {} tokens/s)\n",
                           score.perplexity(), score.error(), score.count, window_count, window_tokens, took.count(),
                           static_cast<int>(window_count * window_tokens / took.count())));
  return 0;
}

}  // namespace estoc
