#include "load/prompt_workload.h"

#include "base/hash.h"

namespace estoc {
namespace {

class PromptWorkload final : public Workload {
 public:
  PromptWorkload(const PromptKind& kind, const WorkloadOptions& options)
      : kind_(kind), seed_(options.seed), output_tokens_(options.output_tokens) {}

  Conversation next() override {
    Draw draw(conversation_seed(seed_, kind_.category, count_++));
    Turn turn;
    turn.text = kind_.compose(draw);
    turn.output_tokens = output_tokens_ > 0 ? output_tokens_ : kind_.output_tokens;
    return {.category = std::string(kind_.category), .system = {}, .turns = {std::move(turn)}, .at_s = {}};
  }

 private:
  PromptKind kind_;
  uint64_t seed_;
  int output_tokens_;
  uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_prompt_workload(const PromptKind& kind, const WorkloadOptions& options) {
  return std::make_unique<PromptWorkload>(kind, options);
}

uint64_t conversation_seed(uint64_t seed, std::string_view category, uint64_t n) {
  Hasher hash(seed);
  hash.add_text(category);
  hash.add_number(n);
  return hash.value();
}

}  // namespace estoc
