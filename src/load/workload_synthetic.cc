// `synthetic`: prompts and answers of exact lengths, of words that are one token each.
#include "load/prompt_workload.h"
#include "load/word_tokens.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kInputTokens = 512, kOutputTokens = 128;

class SyntheticWorkload final : public Workload {
 public:
  explicit SyntheticWorkload(const WorkloadOptions& options)
      : seed_(options.seed),
        input_tokens_(options.input_tokens > 0 ? options.input_tokens : kInputTokens),
        output_tokens_(options.output_tokens > 0 ? options.output_tokens : kOutputTokens),
        turns_(options.turns > 0 ? options.turns : 1),
        system_(word_tokens(conversation_seed(seed_, "prefix", 0), options.prefix_tokens)) {}

  Conversation next() override {
    Conversation result{.category = "synthetic", .system = system_, .turns = {}, .at_s = {}};
    for (int i = 0; i < turns_; ++i) {
      const uint64_t seed = conversation_seed(seed_, "synthetic", count_++);
      result.turns.push_back({.text = word_tokens(seed, input_tokens_), .output_tokens = output_tokens_, .think_s = 0});
    }
    return result;
  }

 private:
  uint64_t seed_;
  int input_tokens_, output_tokens_, turns_;
  std::string system_;
  uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Workload> synthetic_workload(const WorkloadOptions& options) {
  return std::make_unique<SyntheticWorkload>(options);
}

}  // namespace estoc
