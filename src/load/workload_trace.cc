// `trace`: the times and lengths of a recorded file, with text made up so that what was shared is shared again.
#include <algorithm>

#include "base/error.h"
#include "load/prompt_workload.h"
#include "load/trace_file.h"
#include "load/word_tokens.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

class TraceWorkload final : public Workload {
 public:
  explicit TraceWorkload(const WorkloadOptions& options)
      : seed_(options.seed),
        input_max_(options.input_tokens),
        output_max_(options.output_tokens),
        requests_(read_trace(options.trace_file)) {
    // The next round begins one mean pause after the last request.
    const double last_s = requests_.back().at_s;
    round_s_ = requests_.size() > 1 ? last_s + last_s / static_cast<double>(requests_.size() - 1) : 1;
  }

  Conversation next() override {
    const TraceRequest& request = requests_[at_];
    Turn turn;
    turn.text = text_of(request);
    turn.output_tokens = std::max(1, limited(request.output_tokens, output_max_));
    Conversation result{.category = "trace", .system = {}, .turns = {std::move(turn)}, .at_s = {}};
    result.at_s = static_cast<double>(round_) * round_s_ + request.at_s;
    if (++at_ == requests_.size()) {
      at_ = 0;
      ++round_;
    }
    return result;
  }

 private:
  static int limited(int tokens, int max) { return max > 0 ? std::min(tokens, max) : tokens; }

  // Rounds have texts of their own: that a trace begins again must not look like a cache that hits.
  std::string text_of(const TraceRequest& request) const {
    int left = std::max(1, limited(request.input_tokens, input_max_));
    if (request.blocks.empty()) {
      return word_tokens(conversation_seed(seed_, "trace", round_ * requests_.size() + at_), left);
    }
    const uint64_t round_seed = conversation_seed(seed_, "trace blocks", round_);
    std::string text;
    for (const uint64_t id : request.blocks) {
      append_word_tokens(text, conversation_seed(round_seed, "block", id), std::min(left, kTraceBlockTokens));
      left -= kTraceBlockTokens;
      if (left <= 0) break;
    }
    return text;
  }

  uint64_t seed_;
  int input_max_, output_max_;
  std::vector<TraceRequest> requests_;
  double round_s_;
  uint64_t round_ = 0;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Workload> trace_workload(const WorkloadOptions& options) {
  if (options.trace_file.empty()) {
    fail(ErrorCode::invalid_argument,
         "the workload trace needs a trace file; expected the path of a CSV or JSON lines");
  }
  return std::make_unique<TraceWorkload>(options);
}

}  // namespace estoc
