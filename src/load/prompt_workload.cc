#include "load/prompt_workload.h"

#include <span>
#include <unordered_set>

#include "base/hash.h"

namespace estoc {
namespace {

class PromptWorkload final : public Workload {
 public:
  PromptWorkload(const PromptKind& kind, const WorkloadOptions& options)
      : kind_(kind), seed_(options.seed), output_tokens_(options.output_tokens) {}

  Conversation next() override {
    Turn turn;
    turn.text = draw_prompt();
    turn.output_tokens = output_tokens_ > 0 ? output_tokens_ : kind_.output_tokens;
    return {.category = std::string(kind_.category), .system = {}, .turns = {std::move(turn)}, .at_s = {}};
  }

 private:
  // Servers find a prompt that repeats in their prefix caches. The material is finite: it may repeat after some tries.
  std::string draw_prompt() {
    constexpr int kTries = 20;
    std::string text;
    for (int i = 0; i < kTries; ++i) {
      Draw draw(conversation_seed(seed_, kind_.category, count_++));
      text = kind_.compose(draw);
      if (seen_.insert(hash64(std::as_bytes(std::span(text)))).second) break;
    }
    return text;
  }

  PromptKind kind_;
  uint64_t seed_;
  int output_tokens_;
  uint64_t count_ = 0;
  std::unordered_set<uint64_t> seen_;  // hashes of the prompts so far
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
