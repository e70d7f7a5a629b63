#include "api/timings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace estoc::api {
namespace {

double ratio(double number, double of) { return of > 0 ? number / of : 0; }

}  // namespace

void Timings::add(const RequestTimes& of, int64_t outputs) {
  output_tokens += outputs;
  gaps += std::max<int64_t>(0, outputs - 1);
  times.queue_s = std::max(times.queue_s, of.queue_s);
  times.prefill_s = std::max(times.prefill_s, of.prefill_s);
  times.decode_s = std::max(times.decode_s, of.decode_s);
  times.gap_max_s = std::max(times.gap_max_s, of.gap_max_s);
  times.preemptions += of.preemptions;
}

// The first output token belongs to the prompt's time, so the rate of the others counts the gaps between them.
void Timings::append_to(std::string& out) const {
  const auto tokens = static_cast<double>(gaps);
  fmt::format_to(std::back_inserter(out),
                 R"({{"queue_ms":{:.3f},"cache_n":{},"prompt_n":{},"prompt_ms":{:.3f},"prompt_per_second":{:.3f},)"
                 R"("predicted_n":{},"predicted_ms":{:.3f},"predicted_per_token_ms":{:.3f},)"
                 R"("predicted_per_second":{:.3f},"gap_max_ms":{:.3f},"preemptions":{}}})",
                 times.queue_s * 1e3, cached_tokens, prompt_tokens, times.prefill_s * 1e3,
                 ratio(static_cast<double>(prompt_tokens), times.prefill_s), output_tokens, times.decode_s * 1e3,
                 ratio(times.decode_s * 1e3, tokens), ratio(tokens, times.decode_s), times.gap_max_s * 1e3,
                 times.preemptions);
}

}  // namespace estoc::api
