// Workloads of single prompts: a category is a function that composes one prompt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "load/draw.h"
#include "load/workload.h"

namespace estoc {

struct PromptKind {
  std::string_view category;
  std::string (*compose)(Draw& draw);
  int output_tokens;  // unless the options say another number
};

// The n-th conversation depends on the seed, the category and n alone; none is like an earlier one while there is
// material for others.
std::unique_ptr<Workload> make_prompt_workload(const PromptKind& kind, const WorkloadOptions& options);

// The seed of the n-th conversation of a category.
uint64_t conversation_seed(uint64_t seed, std::string_view category, uint64_t n);

}  // namespace estoc
