// Flags of the commands. Each has an environment variable (apps/environment.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/constraint_options.h"
#include "base/format_bytes.h"

namespace CLI {
class App;
}

namespace estoc {

// How models are run; what they are is the command's own.
struct ModelOptionValues {
  int threads = 0;  // of all models together; 0: default_thread_count()
  bool is_pinned = false;
  bool is_deterministic = false;
  int context = 0;                   // 0: the model's own
  std::string device = "auto";       // or "cpu", "cuda", "cuda:N", "hip", "hip:N", "emulator"
  std::string gpu_layers = "auto";   // or how many
  std::string places;                // "cpu:0-7,cuda:0:8-31" instead of both
  std::string compute = "fast";      // or "exact"
  std::string activations = "auto";  // or "int8", "int16"
  std::string weights = "auto";      // or "as-stored", "int8", "int4"
  std::string isa;                   // empty: the best the CPU has
  std::string kv_type = "auto";      // or "f32", "f16", "bf16", "int8"
  std::string kv_memory;             // "2G"; empty: sized from the machine
  std::string pack_cache = "auto";   // or "off", or a folder
  int sequences_max = 0;
  int batch_tokens_max = 0;  // 0: what suits the device
  std::string log_level = "info";
};

struct SingleModelOptionValues : ModelOptionValues {
  std::string model;
};

struct ShowOptionValues : SingleModelOptionValues {
  bool has_forms = false;
};

struct ServeOptionValues : ModelOptionValues {
  std::vector<std::string> models;
  std::vector<std::string> names;  // what the API calls them; empty: file or folder names
  std::string host = "127.0.0.1";
  int port = 8000;
  int http_threads = 1;
  int text_threads = 1;
  std::vector<std::string> allowed_hosts;    // besides localhost, addresses and private names
  std::vector<std::string> allowed_origins;  // of web pages
  std::string tool_call_parser = "auto", reasoning_parser = "auto";  // or "none", or a name
  int priority_min = 0;
  int queue_max = 1024;
  double target_tbt_ms = 0;
  double target_ttft_ms = 150;
  double queue_work_max_s = 60;
  double queue_timeout_s = 120;
  bool warms_json = false;
  int debug_steps = 0;     // how many of the last steps /debug/steps tells
  std::string swap_space;  // "8G"; empty: sized from the machine
  bool has_prefix_cache = true;
  bool plans_ahead = true;
  std::string policy = "mixed";  // or "prefill-first"
  int grace_s = 30;
};

struct RunOptionValues : SingleModelOptionValues {
  std::optional<std::string> prompt;
  std::string system;
  int tokens_max = 0;  // 0: until the model ends or the context is full
  double temperature = 0;
  double top_p = 1;
  uint64_t seed = 0;
  ConstraintOptionValues constraint;
};

struct EmbedOptionValues : SingleModelOptionValues {
  std::optional<std::string> text;  // nothing or "-": the standard input, a text a line
};

struct PerplexityOptionValues : SingleModelOptionValues {
  std::string file;
  int windows = 0;  // 0: all of the file
};

struct TraceOptionValues : SingleModelOptionValues {
  std::string prompt;
  std::string tokens;  // instead of the prompt: "1,2,3"
  std::string output = "table";
};

struct PullOptionValues {
  std::vector<std::string> models;
};

struct ListOptionValues {
  std::string output = "table";
};

struct RemoveOptionValues {
  std::string model;
  bool is_agreed = false;
};

struct TokenizeOptionValues {
  std::string model;
  std::optional<std::string> text;  // nothing or "-": the standard input
  std::optional<std::string> ids;   // to decode instead: "1,2,3"
  bool has_pieces = false;
  bool has_no_special = false;
  std::string output = "table";
  std::string log_level = "warn";
};

struct BenchModelOptionValues : SingleModelOptionValues {
  std::string prompts = "512", generations = "128", depths = "0", batches = "1";  // lists: "0,4096"
  std::string thread_counts = "0";
  int repetitions = 5;
  ConstraintOptionValues constraint;
  bool has_profile = false;
  std::string output = "table";
};

struct BenchKernelsOptionValues {
  std::string device = "cpu";
  std::string isa;  // empty: every level the CPU has
  std::string filter;
  std::string output = "table";
};

// Adds the flags to a command; values land in the given struct when it is parsed.
void add_model_options(CLI::App& command, SingleModelOptionValues& values);
void add_serve_options(CLI::App& command, ServeOptionValues& values);
void add_run_options(CLI::App& command, RunOptionValues& values);
void add_embed_options(CLI::App& command, EmbedOptionValues& values);
void add_perplexity_options(CLI::App& command, PerplexityOptionValues& values);
void add_show_options(CLI::App& command, ShowOptionValues& values);
void add_trace_options(CLI::App& command, TraceOptionValues& values);
void add_pull_options(CLI::App& command, PullOptionValues& values);
void add_list_options(CLI::App& command, ListOptionValues& values);
void add_remove_options(CLI::App& command, RemoveOptionValues& values);
void add_tokenize_options(CLI::App& command, TokenizeOptionValues& values);
void add_bench_model_options(CLI::App& command, BenchModelOptionValues& values);
void add_bench_kernels_options(CLI::App& command, BenchKernelsOptionValues& values);

// "512M", "2G", "1073741824" as bytes. Throws Error{invalid_argument} that names the flag.
uint64_t parse_bytes(const std::string& flag, const std::string& text);

}  // namespace estoc
