#include "apps/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "base/error.h"
#include "kernels/kernels.h"

namespace estoc {
namespace {

template <typename T>
CLI::Option* flag(CLI::App& command, const std::string& name, T& value, const std::string& help) {
  return command.add_option(name, value, help)->capture_default_str();
}

// --pin and --no-pin.
void switch_flag(CLI::App& command, const std::string& name, bool& value, const std::string& help) {
  command.add_flag(name + ",!--no-" + name.substr(2), value, help);
}

// A flag that may be given several times, or once with a list. It takes one argument, not all that follow: those may be
// models.
CLI::Option* list_flag(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                       const std::string& help) {
  return command.add_option(name, values, help)->delimiter(',')->allow_extra_args(false);
}

constexpr const char* kModelHelp =
    "a .gguf file, a Hugging Face folder, `demo`, or a name, which is fetched where it is not here: org/name, "
    "org/name:Q4_K_M, name:tag";

void add_shared_options(CLI::App& command, ModelOptionValues& values) {
  flag(command, "--threads", values.threads, "compute threads; 0 takes every physical core this process may use")
      ->check(CLI::Range(0, 1024));
  switch_flag(command, "--pin", values.is_pinned,
              "each compute thread on a CPU of its own; for machines that do nothing else");
  flag(command, "--ctx", values.context,
       "tokens a conversation, or an encoder's text, may have; 0 takes the model's own limit")
      ->check(CLI::Range(0, 1 << 24));
  flag(command, "--device", values.device,
       "what computes: auto takes a GPU of NVIDIA where one is and computes this model; cpu; cuda or cuda:N; hip or "
       "hip:N, "
       "of AMD; emulator, for tests");
  flag(command, "--gpu-layers", values.gpu_layers,
       "how many layers, the last ones, the GPU gets; auto takes as many as its memory holds");
  flag(command, "--place", values.places,
       "instead of both, where each layer goes: PLACE:FIRST-LAST, like cpu:0-7,cuda:0:8-23,cuda:1:24-31");
  flag(command, "--compute", values.compute, "fast: integer kernels on packed weights; exact: f32, the reference")
      ->check(CLI::IsMember({"fast", "exact"}));
  flag(command, "--activations", values.activations, "how fast mode rounds activations; auto is int16 for small models")
      ->check(CLI::IsMember({"auto", "int8", "int16"}));
  flag(command, "--weights", values.weights,
       "what floating-point weights are rounded to at load; auto: nothing where they fit the memory, else int8, else "
       "int4")
      ->check(CLI::IsMember({"auto", "as-stored", "bf16", "int8", "int4"}));
  switch_flag(command, "--deterministic", values.is_deterministic,
              "a request gives the same tokens and log-probabilities whatever runs beside it; slower");
  flag(command, "--isa", values.isa,
       std::string("instruction set to use: ") + kernels::isa_names() + "; default the best");
  flag(command, "--kv-type", values.kv_type,
       "how keys and values are stored; auto: f32 in exact mode, else bf16 where the CPU multiplies it, else f16")
      ->check(CLI::IsMember({"auto", "f32", "f16", "bf16", "int8"}));
  flag(command, "--kv-memory", values.kv_memory,
       "memory for keys and values, like 512M or 2G; default from the machine");
  flag(
      command, "--pack-cache", values.pack_cache,
      "keep packed weights for the next start: auto keeps those of 64 MiB and more in the folder `packed` of the cache "
      "(the 4 used last); off; or a folder, which keeps any");
  flag(command, "--max-seqs", values.sequences_max,
       "requests that run at once, of an encoder texts of a batch; 0 takes 64, on a GPU and of an encoder 256")
      ->check(CLI::Range(0, 4096));
  flag(command, "--batch-tokens", values.batch_tokens_max,
       "tokens computed in one step at most; 0 takes 512, on a GPU and of an encoder 2048")
      ->check(CLI::Range(0, 8192));
  flag(command, "--log-level", values.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
}

}  // namespace

void add_model_options(CLI::App& command, SingleModelOptionValues& values) {
  command.add_option("MODEL", values.model, kModelHelp)->required();
  add_shared_options(command, values);
}

void add_serve_options(CLI::App& command, ServeOptionValues& values) {
  command.add_option("MODEL", values.models, std::string(kModelHelp) + "; several are served side by side")->required();
  add_shared_options(command, values);
  flag(command, "--host", values.host, "address to listen on; 0.0.0.0 for every interface");
  flag(command, "--port", values.port, "port to listen on; 0 picks a free one")->check(CLI::Range(0, 65535));
  list_flag(command, "--name", values.names,
            "what the API calls the model; default its file or folder name; one for each of several models");
  flag(command, "--http-threads", values.http_threads, "threads for sockets, short requests and the text of answers")
      ->check(CLI::Range(1, 64));
  flag(command, "--text-threads", values.text_threads, "threads that read long requests: JSON, templates and tokens")
      ->check(CLI::Range(1, 64));
  list_flag(command, "--allow-host", values.allowed_hosts,
            "names this server is also called by, like llm.example.org,*.example.org; * for any");
  list_flag(command, "--allow-origin", values.allowed_origins,
            "web pages that may use this server, like https://app.example.org; * for any");
  flag(command, "--tool-call-parser", values.tool_call_parser,
       "how the model writes calls of tools: auto is what its chat template shows; none leaves them in the text");
  flag(command, "--reasoning-parser", values.reasoning_parser,
       "how the model marks reasoning: auto is what its chat template shows; none leaves it in the text");
  flag(command, "--priority-min", values.priority_min,
       "the most urgent `priority` that requests get, whatever they ask for; with 0 they can only stand back")
      ->check(CLI::Range(-100, 100));
  flag(command, "--queue", values.queue_max, "requests that may wait before new ones get 429")
      ->check(CLI::Range(1, 1 << 20));
  flag(command, "--target-tbt", values.target_tbt_ms,
       "ms that may lie between two tokens of an answer: bounds how much of others' prompts one step "
       "takes; 0 takes 150, on a GPU 40")
      ->check(CLI::Range(0.0, 1e6));
  flag(command, "--target-ttft", values.target_ttft_ms,
       "ms in which the first token should come: while it can be met, steps stay shorter than --target-tbt")
      ->check(CLI::Range(1.0, 1e6));
  flag(command, "--queue-seconds", values.queue_work_max_s,
       "seconds of estimated work that may wait before new requests get 429")
      ->check(CLI::Range(0.1, 1e6));
  flag(command, "--queue-timeout", values.queue_timeout_s,
       "seconds a request may wait before it gets 503; 0 for no limit")
      ->check(CLI::Range(0.0, 1e6));
  switch_flag(command, "--json-warmup", values.warms_json,
              "make what answers in JSON need before the first comes: a fraction of a second at start");
  flag(command, "--debug-steps", values.debug_steps,
       "GET /debug/steps tells what so many of the last steps planned and took")
      ->check(CLI::Range(0, 65536))
      ->capture_default_str();
  flag(command, "--swap-space", values.swap_space,
       "main memory, like 8G, where requests that must give way on a GPU keep what was computed; 0 for none: it is "
       "computed again; default a quarter of what is free, and no more than the GPU has for keys and values");
  switch_flag(command, "--prefix-cache", values.has_prefix_cache,
              "compute equal beginnings of prompts once; on by default");
  switch_flag(command, "--plan-ahead", values.plans_ahead,
              "hand a GPU the next step before the tokens of this one are known to the CPU; on by default");
  flag(command, "--policy", values.policy,
       "mixed: answers go on while prompts are read; prefill-first: they wait, for comparisons")
      ->check(CLI::IsMember({"mixed", "prefill-first"}));
  flag(command, "--grace", values.grace_s, "seconds that running answers get after Ctrl-C or SIGTERM")
      ->check(CLI::Range(0, 86400));
}

void add_run_options(CLI::App& command, RunOptionValues& values) {
  values.log_level = "warn";
  add_model_options(command, values);
  // A function, because CLI11 takes an empty argument for a missing one.
  command.add_option_function<std::string>(
      "PROMPT", [&](const std::string& text) { values.prompt = text; },
      "a question; without it standard input is the question, or a chat when that is a terminal");
  flag(command, "--system", values.system, "system message");
  flag(command, "--max-tokens", values.tokens_max, "tokens of an answer at most; 0 for no limit but the context")
      ->check(CLI::Range(0, 1 << 24));
  flag(command, "--temperature", values.temperature, "0 always takes the likeliest token")
      ->check(CLI::Range(0.0, 10.0));
  flag(command, "--top-p", values.top_p, "sample from the likeliest tokens that make up this share")
      ->check(CLI::Range(0.0, 1.0));
  flag(command, "--seed", values.seed, "seed of the sampler");
  add_constraint_options(command, values.constraint);
}

void add_embed_options(CLI::App& command, EmbedOptionValues& values) {
  values.log_level = "warn";
  add_model_options(command, values);
  command.add_option("TEXT", values.text, "the text; without it or as - each line of the standard input is one");
  // What keeps keys and values has no use here.
  for (const char* name : {"--kv-type", "--kv-memory"}) command.remove_option(command.get_option(name));
}

void add_perplexity_options(CLI::App& command, PerplexityOptionValues& values) {
  values.log_level = "warn";
  values.context = 512;
  add_model_options(command, values);
  command.add_option("FILE", values.file, "the text to predict")->required();
  flag(command, "--chunks", values.windows, "windows of --ctx tokens to score; 0 takes the whole file")
      ->check(CLI::Range(0, 1 << 24));
}

void add_show_options(CLI::App& command, ShowOptionValues& values) {
  add_model_options(command, values);
  command.add_flag("--forms", values.has_forms, "also tells how each matrix is computed with here, and why");
}

void add_trace_options(CLI::App& command, TraceOptionValues& values) {
  values.log_level = "warn";
  add_model_options(command, values);
  auto* prompt = command.add_option("PROMPT", values.prompt, "a text, taken as it is: no template, no special tokens");
  flag(command, "--tokens", values.tokens, "token ids instead of a text; a list like 1,2,3")->excludes(prompt);
  flag(command, "--output,-o", values.output, "table or json")->check(CLI::IsMember({"table", "json"}));
}

void add_pull_options(CLI::App& command, PullOptionValues& values) {
  command
      .add_option("MODEL", values.models,
                  "org/name of Hugging Face, with @revision or :QUANT where wanted; modelscope:org/name; name:tag of "
                  "Ollama's registry; the address of a repository or a GGUF file")
      ->required();
}

void add_list_options(CLI::App& command, ListOptionValues& values) {
  flag(command, "--output,-o", values.output, "table, json, csv or md");
}

void add_remove_options(CLI::App& command, RemoveOptionValues& values) {
  command.add_option("MODEL", values.model, "a name as `estoc list` shows it, or org/name for all of a repository")
      ->required();
  // An answer in the environment would be one to questions that nobody has read.
  command.add_flag("--yes,-y", values.is_agreed, "do not ask")->configurable(false);
}

void add_tokenize_options(CLI::App& command, TokenizeOptionValues& values) {
  command.add_option("MODEL", values.model, std::string(kModelHelp) + ", or a tokenizer's file")->required();
  auto* text = command.add_option("TEXT", values.text, "the text; without it or as - all of the standard input");
  command.add_option("--decode", values.ids, "the text of these ids instead; a list like 1,2,3")->excludes(text);
  command.add_flag("--pieces", values.has_pieces, "each token with its text, a line each");
  command.add_flag("--no-special", values.has_no_special,
                   "no special tokens: none around the text, those in it read as text, none shown when decoding");
  flag(command, "--output,-o", values.output, "table or json")->check(CLI::IsMember({"table", "json"}));
  flag(command, "--log-level", values.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
}

void add_bench_model_options(CLI::App& command, BenchModelOptionValues& values) {
  values.log_level = "warn";
  add_model_options(command, values);
  // What a benchmark decides by its tests.
  for (const char* name : {"--threads", "--ctx", "--kv-memory", "--max-seqs"}) {
    command.remove_option(command.get_option(name));
  }
  const auto list = [&](const std::string& name, std::string& value, const std::string& help) {
    command.add_option(name, value, help + "; a list like 1,8,32 makes a test of each")->capture_default_str();
  };
  list("-p,--n-prompt", values.prompts, "tokens of a prompt; 0 for no such test");
  list("-n,--n-gen", values.generations, "tokens generated by each sequence; 0 for no such test");
  list("-d,--n-depth", values.depths, "tokens that lie before");
  list("-b,--batch", values.batches, "sequences that generate at once");
  list("-t,--threads", values.thread_counts, "compute threads; 0 takes every CPU this process may use");
  command.add_option("-r,--repetitions", values.repetitions, "measurements of each test, after one to warm up")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  add_constraint_options(command, values.constraint);
  command.add_flag("--profile", values.has_profile, "tells where the time goes, by op and by layer, instead of speeds");
  command.add_option("-o,--output", values.output, "table, json, csv or md")->capture_default_str();
}

void add_bench_kernels_options(CLI::App& command, BenchKernelsOptionValues& values) {
  command
      .add_option("--device", values.device,
                  "cpu: our loops on one core; cuda or cuda:N, hip or hip:N: a card's kernels; emulator, for tests")
      ->capture_default_str();
  command.add_option("--isa", values.isa, std::string("one level of the CPU only: ") + kernels::isa_names());
  command.add_option("--filter", values.filter,
                     "only what has this in its name, like \"avx512 panel_gemm int4\" or \"codes4\"");
  command.add_option("-o,--output", values.output, "table, json, csv or md")->capture_default_str();
}

uint64_t parse_bytes(const std::string& flag, const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, static_cast<size_t>(text.data() + text.size() - end));
  double factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  if (unit == "K" || unit == "KiB") factor = 1024.0;
  if (unit == "M" || unit == "MiB") factor = 1024.0 * 1024;
  if (unit == "G" || unit == "GiB") factor = 1024.0 * 1024 * 1024;
  if (error != std::errc() || factor == 0 || !(number * factor >= 1) || number * factor > 1e15) {
    fail(ErrorCode::invalid_argument, "{}: '{}' is not a size; expected something like 512M or 2G", flag, text);
  }
  return static_cast<uint64_t>(number * factor);
}

}  // namespace estoc
