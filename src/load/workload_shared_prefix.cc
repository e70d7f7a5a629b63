// `shared-prefix`: one long system prompt for everybody, and a question of each one's own behind it.
#include "load/prompt_workload.h"
#include "load/word_tokens.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kPrefixTokens = 1000, kOutputTokens = 64;

class SharedPrefixWorkload final : public Workload {
 public:
  explicit SharedPrefixWorkload(const WorkloadOptions& options)
      : seed_(options.seed),
        input_tokens_(options.input_tokens),
        output_tokens_(options.output_tokens > 0 ? options.output_tokens : kOutputTokens),
        questions_(short_workload(options)),
        system_(word_tokens(conversation_seed(seed_, "prefix", 0),
                            options.prefix_tokens > 0 ? options.prefix_tokens : kPrefixTokens)) {}

  Conversation next() override {
    Conversation result = questions_->next();
    if (input_tokens_ > 0) {
      result.turns[0].text = word_tokens(conversation_seed(seed_, "question", count_++), input_tokens_);
    }
    result.category = "shared-prefix";
    result.system = system_;
    result.turns[0].output_tokens = output_tokens_;
    return result;
  }

 private:
  uint64_t seed_;
  int input_tokens_, output_tokens_;
  std::unique_ptr<Workload> questions_;
  std::string system_;
  uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Workload> shared_prefix_workload(const WorkloadOptions& options) {
  return std::make_unique<SharedPrefixWorkload>(options);
}

}  // namespace estoc
