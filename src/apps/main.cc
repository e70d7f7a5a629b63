// estoc: parse the command line, run one command, turn an Error into one line and exit code 2.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/options.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/file_faults.h"

namespace estoc {
namespace {

constexpr const char* kFooter = R"(Examples:
  estoc serve demo                               serve the demo model on port 8000
  estoc serve model.gguf --port 8080 --ctx 8192  serve a file
  estoc run demo "What is the capital of France?"
  estoc run demo < question.txt                  all of the file is one question
  estoc run ./Llama-3.2-1B-Instruct              chat in the terminal
  estoc show model.gguf                          what is inside and what memory it needs
  estoc perplexity demo text.txt --chunks 20     how well it predicts a text
  estoc bench model demo -p 512 -n 128 -d 0,4096 -b 1,8
  estoc bench serve --url a=http://127.0.0.1:8000 --rate 0.5,1,2 --html report.html

Every flag has an environment variable: --kv-memory is ESTOC_KV_MEMORY.)";

int main_of(int argc, char** argv) {
  CLI::App app{"estoc: runs language models on CPUs and serves them over the OpenAI API", "estoc"};
  app.set_version_flag("--version", "estoc " ESTOC_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);

  ServeOptionValues serve_values;
  RunOptionValues run_values;
  ModelOptionValues show_values;
  PerplexityOptionValues perplexity_values;
  BenchKernelsOptionValues bench_kernels_values;
  BenchModelOptionValues bench_model_values;
  BenchServeOptionValues bench_serve_values;
  BenchReportOptionValues bench_report_values;
  CLI::App* serve_command = app.add_subcommand("serve", "answer over the OpenAI API");
  CLI::App* run_command = app.add_subcommand("run", "answer one question, or chat in the terminal");
  CLI::App* show_command = app.add_subcommand("show", "tell what a model is and what it needs");
  CLI::App* perplexity_command = app.add_subcommand("perplexity", "tell how well a model predicts a text");
  CLI::App* bench_command = app.add_subcommand("bench", "measure kernels, a model or servers");
  bench_command->require_subcommand(1);
  CLI::App* bench_kernels_command = bench_command->add_subcommand("kernels", "each loop beside what the CPU could do");
  CLI::App* bench_model_command = bench_command->add_subcommand("model", "tokens a second of a model, without engine");
  CLI::App* bench_serve_command =
      bench_command->add_subcommand("serve", "latency of OpenAI-compatible servers under load");
  add_perplexity_options(*perplexity_command, perplexity_values);
  add_bench_kernels_options(*bench_kernels_command, bench_kernels_values);
  add_bench_model_options(*bench_model_command, bench_model_values);
  CLI::App* bench_report_command =
      bench_command->add_subcommand("report", "what `bench serve` saved, told again; several files as one");
  add_bench_report_options(*bench_report_command, bench_report_values);
  add_bench_serve_options(*bench_serve_command, bench_serve_values);
  add_serve_options(*serve_command, serve_values);
  add_run_options(*run_command, run_values);
  add_model_options(*show_command, show_values);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    flush_output();
    return code == 0 ? kExitDone : kExitRefused;
  }
  if (serve_command->parsed()) return serve(serve_values);
  if (run_command->parsed()) return run(run_values);
  if (perplexity_command->parsed()) return perplexity(perplexity_values);
  if (bench_kernels_command->parsed()) return bench_kernels(bench_kernels_values);
  if (bench_model_command->parsed()) return bench_model(bench_model_values);
  if (bench_serve_command->parsed()) {
    bench_serve_values.command.assign(argv, argv + argc);
    return bench_serve(bench_serve_values);
  }
  if (bench_report_command->parsed()) return bench_report(bench_report_values);
  return show(show_values);
}

}  // namespace
}  // namespace estoc

int main(int argc, char** argv) {
  estoc::prepare_standard_streams();
  estoc::end_on_file_faults(estoc::kExitFileLost);
  try {
    return estoc::main_of(argc, argv);
  } catch (const estoc::Error& error) {
    estoc::write_note(fmt::format("estoc: {}\n", error.what()));
    return estoc::kExitRefused;
  } catch (const std::exception& error) {
    estoc::write_note(fmt::format("estoc: internal error: {}\n", error.what()));
    return estoc::kExitFailed;
  }
}
