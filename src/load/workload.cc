#include "load/workload.h"

#include <algorithm>

#include "base/error.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

// To add a workload: its file, its declaration in workload_kinds.h and its line here.
struct WorkloadKind {
  std::string_view name;
  std::unique_ptr<Workload> (*make)(const WorkloadOptions& options);
  // Which of the options mean something to it; the rest must not be given.
  bool has_input_tokens = false, has_prefix = false, has_turns = false;
};

constexpr WorkloadKind kKinds[] = {
    {"short", short_workload},
    {"medium", medium_workload},
    {"long", long_workload},
    {"multi-turn", multi_turn_workload, false, false, true},
    {"code", code_workload},
    {"math", math_workload},
    {"long-context", long_context_workload},
    {"mixed", mixed_workload},
    {"synthetic", synthetic_workload, true, true, true},
    {"shared-prefix", shared_prefix_workload, true, true},
    {"trace", trace_workload, true},
};

constexpr int kTokensMax = 10'000'000;

void check_number(std::string_view name, std::string_view what, int value, bool is_taken, int max) {
  if (value < 0 || value > max) {
    fail(ErrorCode::invalid_argument, "workload '{}': {} {}; expected 0 .. {}", name, value, what, max);
  }
  if (value > 0 && !is_taken) {
    fail(ErrorCode::invalid_argument, "workload '{}' has its own {}; expected none to be given, got {}", name, what,
         value);
  }
}

void check_options(const WorkloadKind& kind, const WorkloadOptions& options) {
  check_number(kind.name, "input tokens", options.input_tokens, kind.has_input_tokens, kTokensMax);
  check_number(kind.name, "output tokens", options.output_tokens, true, kTokensMax);
  check_number(kind.name, "prefix tokens", options.prefix_tokens, kind.has_prefix, kTokensMax);
  check_number(kind.name, "turns", options.turns, kind.has_turns, 1000);
  if (!options.trace_file.empty() && kind.make != trace_workload) {
    fail(ErrorCode::invalid_argument, "{}: the workload '{}' reads no trace file; expected the workload trace",
         options.trace_file, kind.name);
  }
  if (!(options.trace_speed > 0 && options.trace_speed <= 1e6)) {
    fail(ErrorCode::invalid_argument, "trace speed {}: expected more than 0 and at most 1000000", options.trace_speed);
  }
}

}  // namespace

std::unique_ptr<Workload> make_workload(const WorkloadOptions& options) {
  const auto kind = std::ranges::find(kKinds, options.name, &WorkloadKind::name);
  if (kind == std::end(kKinds)) {
    fail(ErrorCode::invalid_argument, "--workload: '{}' is no workload; expected one of {}", options.name, workload_list());
  }
  check_options(*kind, options);
  return kind->make(options);
}

std::string workload_list() {
  std::string names;
  for (const WorkloadKind& kind : kKinds) names += (names.empty() ? "" : ", ") + std::string(kind.name);
  return names;
}

}  // namespace estoc
