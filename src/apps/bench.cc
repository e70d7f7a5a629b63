// `estoc bench kernels` and `estoc bench model MODEL`: what this machine makes of our loops and of a model. Progress
// goes to standard error, results to standard output.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "apps/commands.h"
#include "apps/process_options.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread_team.h"
#include "bench/encoder_bench.h"
#include "bench/gpu_kernel_bench.h"
#include "bench/kernel_bench.h"
#include "bench/model_bench.h"
#include "bench/model_profile.h"
#include "bench/number_list.h"
#include "bench/random_model.h"
#include "kernels/kernels.h"
#include "models/family.h"
#include "serving/settled.h"

namespace estoc {
namespace {

// One line that is written over on a terminal; lines elsewhere.
void show_progress(const std::string& text) {
  write_note(::isatty(STDERR_FILENO) != 0 ? fmt::format("\r\033[Kestoc bench: {}", text)
                                          : fmt::format("estoc bench: {}\n", text));
}

void finish_progress() {
  if (::isatty(STDERR_FILENO) != 0) write_note("\r\033[K");
}

ModelBenchPlan plan_of(const BenchModelOptionValues& options, const ModelSettings& settings,
                       const Placement& placement) {
  ModelBenchPlan plan = {.prompts = parse_number_list("-p", options.prompts, 0, 1 << 24),
                         .generations = parse_number_list("-n", options.generations, 0, 1 << 24),
                         .depths = parse_number_list("-d", options.depths, 0, 1 << 24),
                         .batches = parse_number_list("-b", options.batches, 1, 4096),
                         .threads = parse_number_list("-t", options.thread_counts, 0, 1024),
                         .repetitions = options.repetitions,
                         .places = placement.stacks,
                         .memory_bytes = placement.free_bytes(),
                         .compute = settings.compute,
                         .weights = *settings.weights,
                         .activations = settings.activations,
                         .kv_type = choose_kv_type(settings, placement.has_device()),
                         .is_deterministic = settings.is_deterministic,
                         .is_pinned = options.is_pinned,
                         .has_profile = options.has_profile};
  for (int& threads : plan.threads) threads = threads > 0 ? threads : default_thread_count();
  plan.rows_max = std::max(choose_batch_tokens(settings, placement.has_device()),
                           *std::max_element(plan.batches.begin(), plan.batches.end()));
  return plan;
}

std::string shown_name(const NamedModel& model) {
  return model.name.empty() ? checkpoint_name(model.path) : model.name;
}

// Encoders are computed on the CPU, with weights as they are stored unless they are asked for otherwise.
Json::Array bench_encoder(const WeightSource& weights, const NamedModel& model, const BenchModelOptionValues& options) {
  ModelSettings settings = read_model_settings(model, options);
  settings.weights = settings.weights.value_or(WeightType::as_stored);
  const ModelBenchPlan plan = plan_of(options, settings, {});
  const EncoderInfo info = describe_encoder(weights, {.compute = plan.compute, .weights = plan.weights});
  Json::Array rows;
  for (const ModelBenchResult& result : run_encoder_bench(weights, plan, show_progress)) {
    if (options.has_profile) {
      for (Json& row : model_profile_rows(result)) rows.push_back(std::move(row));
    } else {
      rows.push_back(encoder_bench_row(shown_name(model), info, plan, result));
    }
  }
  return rows;
}

void require_rows(const Json::Array& rows, const BenchKernelsOptionValues& options) {
  if (rows.empty()) fail(ErrorCode::invalid_argument, "--filter: '{}' is in no kernel's name", options.filter);
}

// A wrong result is told of with the others, and is an error.
int bench_gpu_kernels(const BenchKernelsOptionValues& options, ReportFormat format) {
  if (!options.isa.empty()) {
    fail(ErrorCode::invalid_argument, "--isa is of the CPU's kernels, not of those on {}", options.device);
  }
  const GpuKernelBench bench = run_gpu_kernel_bench(options.device, options.filter, show_progress);
  finish_progress();
  require_rows(bench.rows, options);
  write_output(write_report(format, gpu_kernel_bench_columns(), bench.rows));
  if (!bench.wrong.empty()) {
    fail(ErrorCode::internal, "{} of {} results on {} are wrong, {} first", bench.wrong.size(), bench.rows.size(),
         options.device, bench.wrong.front());
  }
  return 0;
}

}  // namespace

int bench_kernels(const BenchKernelsOptionValues& options) {
  const ReportFormat format = parse_report_format(options.output);
  if (options.device != "cpu") return bench_gpu_kernels(options, format);
  KernelBenchPlan plan = {
      .levels = default_kernel_levels(), .filter = options.filter, .threads = default_thread_count()};
  if (!options.isa.empty()) {
    apply_isa(options.isa);
    plan.levels = {kernels::table().isa};
  }
  const Json::Array rows = run_kernel_bench(plan, show_progress);
  finish_progress();
  require_rows(rows, options);
  write_output(write_report(format, kernel_bench_columns(), rows));
  return 0;
}

int bench_model(const BenchModelOptionValues& options) {
  const ReportFormat format = parse_report_format(options.output);
  apply_process_options(options);
  if (const auto source = read_constraint_options(options.constraint)) return bench_constraint(options, *source);
  auto weights = make_random_model(options.model);
  const NamedModel model = weights != nullptr ? NamedModel{options.model} : named_model(options.model);
  if (weights == nullptr) weights = open_weights(model.path, naming_rules());
  if (is_encoder(*weights)) {
    const Json::Array rows = bench_encoder(*weights, model, options);
    finish_progress();
    write_output(write_report(format, options.has_profile ? model_profile_columns() : encoder_bench_columns(), rows));
    return 0;
  }
  const auto [settings, placement, info] = settle(read_model_settings(model, options), *weights, available_memory());
  const ModelBenchPlan plan = plan_of(options, settings, placement);
  Json::Array rows;
  for (const ModelBenchResult& result : run_model_bench(*weights, plan, show_progress)) {
    if (options.has_profile) {
      for (Json& row : model_profile_rows(result)) rows.push_back(std::move(row));
    } else {
      rows.push_back(model_bench_row(shown_name(model), info, plan, result));
    }
  }
  finish_progress();
  write_output(write_report(format, options.has_profile ? model_profile_columns() : model_bench_columns(), rows));
  return 0;
}

}  // namespace estoc
