// `estoc embed MODEL [TEXT]`: the vector of a text, or of each line of the standard input, as a line of JSON each.
#include <algorithm>
#include <future>
#include <span>
#include <string_view>
#include <vector>

#include "api/vector_text.h"
#include "apps/commands.h"
#include "apps/load_models.h"
#include "apps/named_model.h"
#include "apps/process_options.h"
#include "apps/question.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/error.h"

namespace estoc {
namespace {

// So many lines are computed together: what is printed comes while the rest is computed.
constexpr size_t kTextsTogether = 256;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

EncodeJob job_of(const ServedEncoder& served, const std::vector<std::string_view>& texts, size_t first) {
  EncodeJob job;
  for (size_t i = first; i < std::min(texts.size(), first + kTextsTogether); ++i) {
    const std::vector<TokenId> ids = served.checkpoint.tokenizer->encode(texts[i], {});
    const auto tokens_max = static_cast<size_t>(served.engine->tokens_max());
    if (ids.empty() || ids.size() > tokens_max) {
      fail(ErrorCode::invalid_argument, "text {} has {} tokens, expected 1 to {}", i + 1, ids.size(), tokens_max);
    }
    job.tokens.insert(job.tokens.end(), ids.begin(), ids.end());
    job.lengths.push_back(static_cast<int>(ids.size()));
  }
  return job;
}

std::vector<float> compute(const ServedEncoder& served, EncodeJob job) {
  std::promise<EncodeOutcome> promise;
  std::future<EncodeOutcome> future = promise.get_future();
  const SubmitResult submitted =
      served.engine->submit(std::move(job), [&](EncodeOutcome&& outcome) { promise.set_value(std::move(outcome)); });
  if (submitted.status != SubmitStatus::accepted) fail(ErrorCode::internal, "the engine takes no texts any more");
  EncodeOutcome outcome = future.get();
  if (outcome.end != EncodeOutcome::End::done) fail(ErrorCode::internal, "{}", outcome.error);
  return std::move(outcome.results);
}

}  // namespace

int embed(const EmbedOptionValues& options) {
  const NamedModel model = named_model(options.model);
  apply_process_options(options);
  const bool is_given = options.text && *options.text != "-";
  const std::string input = is_given ? *options.text : read_standard_input("a text a line");
  const std::vector<std::string_view> texts = is_given ? std::vector<std::string_view>{input} : lines_of(input);
  const Runtime runtime = load_models(read_runtime_settings(options), {read_model_settings(model, options)});
  if (runtime.encoders().empty() || runtime.encoders().front()->encoder->info().task != EncoderInfo::Task::embed) {
    fail(ErrorCode::unsupported, "{} makes no vectors of texts; `estoc show` tells what it does",
         runtime.names().front());
  }
  const ServedEncoder& served = *runtime.encoders().front();
  const auto outputs = static_cast<size_t>(served.encoder->info().outputs);
  for (size_t first = 0; first < texts.size(); first += kTextsTogether) {
    const std::vector<float> results = compute(served, job_of(served, texts, first));
    std::string out;
    for (size_t at = 0; at < results.size(); at += outputs) {
      api::append_numbers(out, std::span(results).subspan(at, outputs));
      out += '\n';
    }
    write_output(out);
  }
  return 0;
}

}  // namespace estoc
