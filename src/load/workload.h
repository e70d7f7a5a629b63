// Workloads: what the load client asks, conversation after conversation.
//
// What: a source of conversations that never ends. The same options give the same conversations.
// Ownership: the workload owns what it needs; a conversation is a value. Threads: one at a time.
// Errors: make_workload throws Error{invalid_argument, not_found, corrupt_file}; next() throws nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace estoc {

struct Turn {
  std::string text;
  int output_tokens = 64;
  double think_s = 0;  // the pause before this turn is sent
};

struct Conversation {
  std::string category;
  std::string system;  // empty: none
  std::vector<Turn> turns;
  std::optional<double> at_s;  // a trace's own time, from its first request on; trace_speed is not applied to it
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual Conversation next() = 0;
};

struct WorkloadOptions {
  std::string name = "short";  // one of workload_list()
  uint64_t seed = 1;
  // 0: the workload's own. Lengths of `synthetic` and of the question of `shared-prefix` are exact for vocabularies
  // that keep common words whole; for `trace` they are upper limits. Others take no input_tokens.
  int input_tokens = 0;
  int output_tokens = 0;
  int prefix_tokens = 0;  // of `shared-prefix` and `synthetic`: a system prompt that all conversations have
  int turns = 0;          // of `multi-turn` and `synthetic`; 0: the workload's own
  std::string trace_file;
  double trace_speed = 1;  // of the client's clock: 2 replays a trace in half its time
};

std::unique_ptr<Workload> make_workload(const WorkloadOptions& options);

// "short, medium, ...": the names, for messages and help.
std::string workload_list();

}  // namespace estoc
