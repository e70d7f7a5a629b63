#include "apps/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/options.h"
#include "apps/process_options.h"
#include "apps/standard_streams.h"
#include "base/error.h"

namespace estoc {
namespace {

constexpr const char* kFooter = R"(Examples:
  estoc serve demo                               serve the demo model on port 8000
  estoc serve model.gguf --port 8080 --ctx 8192  serve a file
  estoc serve a.gguf b.gguf --name a --name b    serve two models side by side
  estoc run demo "What is the capital of France?"
  estoc run demo < question.txt                  all of the file is one question
  estoc run ./Llama-3.2-1B-Instruct              chat in the terminal
  estoc serve org/name:Q4_K_M                    fetch it from Hugging Face first if it is not here
  estoc embed ./bge-small-en-v1.5 "Hello world"  its vector, as JSON; of each line of the input without a text
  estoc show model.gguf                          what is inside and what memory it needs
  estoc perplexity demo text.txt --chunks 20     how well it predicts a text
  estoc tokenize demo "Hello world" --pieces     its tokens, one a line
  estoc bench model demo -p 512 -n 128 -d 0,4096 -b 1,8
  estoc bench serve --url a=http://127.0.0.1:8000 --rate 0.5,1,2 --html report.html
)";
constexpr const char* kVariables = "Every flag has an environment variable: --kv-memory is ESTOC_KV_MEMORY.";

}  // namespace

struct CommandLine::Commands {
  Commands() {
    app.set_version_flag("--version", "estoc " ESTOC_VERSION);
    app.require_subcommand(1);
    app.footer(std::string(kFooter) + "\n" + kVariables);
    add(app, "serve", "answer over the OpenAI API", serve_values, add_serve_options, serve);
    add(app, "run", "answer one question, or chat in the terminal", run_values, add_run_options, estoc::run);
    add(app, "embed", "print the vectors of texts", embed_values, add_embed_options, embed);
    add(app, "show", "tell what a model is and what it needs", show_values, add_show_options, show);
    add(app, "perplexity", "tell how well a model predicts a text", perplexity_values, add_perplexity_options,
        perplexity);
    add(app, "tokenize", "tell the tokens of a text, or the text of tokens", tokenize_values, add_tokenize_options,
        tokenize);
    add(app, "trace", "tell what a prompt is after each layer", trace_values, add_trace_options, trace);
    add(app, "pull", "fetch models by name", pull_values, add_pull_options, pull);
    add(app, "list", "tell which models are on this machine", list_values, add_list_options, list);
    add(app, "rm", "remove a model that was fetched", remove_values, add_remove_options, estoc::remove);
    CLI::App& bench = *app.add_subcommand("bench", "measure kernels, a model or servers");
    bench.require_subcommand(1);
    add(bench, "kernels", "each loop beside what the CPU could do", bench_kernels_values, add_bench_kernels_options,
        bench_kernels);
    add(bench, "model", "tokens a second of a model, without engine", bench_model_values, add_bench_model_options,
        bench_model);
    add(bench, "serve", "latency of OpenAI-compatible servers under load", bench_serve_values, add_bench_serve_options,
        bench_serve);
    add(bench, "report", "what `bench serve` saved, told again; several files as one", bench_report_values,
        add_bench_report_options, bench_report);
  }

  template <typename Values>
  void add(CLI::App& parent, const char* name, const char* help, Values& values,
           void (*add_options)(CLI::App&, Values&), int (*run)(const Values&)) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->footer(kVariables);
    add_options(*command, values);
    runs.emplace(command, [&values, run] { return run(values); });
  }

  CLI::App app{"estoc: runs language models on CPUs and serves them over the OpenAI API", "estoc"};
  ServeOptionValues serve_values;
  RunOptionValues run_values;
  EmbedOptionValues embed_values;
  ShowOptionValues show_values;
  PerplexityOptionValues perplexity_values;
  TokenizeOptionValues tokenize_values;
  TraceOptionValues trace_values;
  PullOptionValues pull_values;
  ListOptionValues list_values;
  RemoveOptionValues remove_values;
  BenchKernelsOptionValues bench_kernels_values;
  BenchModelOptionValues bench_model_values;
  BenchServeOptionValues bench_serve_values;
  BenchReportOptionValues bench_report_values;
  std::map<const CLI::App*, std::function<int()>> runs;
  const CLI::App* parsed = nullptr;  // one of runs
  EnvironmentOutcome environment;
};

CommandLine::CommandLine() : commands_(std::make_unique<Commands>()) {}
CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::parse(int argc, const char* const* argv, const Environment& environment) {
  try {
    commands_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = commands_->app.exit(error);
    flush_output();
    return code == 0 ? kExitDone : kExitRefused;
  }
  commands_->bench_serve_values.command.assign(argv, argv + argc);
  CLI::App* command = &commands_->app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  commands_->parsed = command;
  commands_->environment = apply_environment(commands_->app, *command, environment);
  if (const CLI::Option* level = command->get_option_no_throw("--log-level")) {
    apply_log_level(level->as<std::string>());
  }
  return std::nullopt;
}

int CommandLine::run() {
  try {
    return commands_->runs.at(commands_->parsed)();
  } catch (const Error& error) {
    throw Error(error.code(), blame_variable(error.what(), commands_->environment.used), error.param());
  }
}

const std::vector<std::string>& CommandLine::warnings() const { return commands_->environment.warnings; }
CLI::App& CommandLine::app() { return commands_->app; }

}  // namespace estoc
