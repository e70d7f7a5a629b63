// `estoc serve MODEL...`: build the object tree, listen, wait for a signal, drain.
#include <signal.h>

#include <chrono>

#include "apps/commands.h"
#include "apps/encoder_text.h"
#include "apps/exit_codes.h"
#include "apps/load_models.h"
#include "apps/process_options.h"
#include "apps/read_settings.h"
#include "apps/stop_signals.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "dialects/model_dialect.h"
#include "http/listen_socket.h"
#include "kernels/kernels.h"
#include "server/load_reporter.h"
#include "server/server.h"
#include "serving/api_models.h"

namespace estoc {
namespace {

ModelSettings read_settings_of(const std::string& model, const ServeOptionValues& options) {
  ModelSettings settings = read_model_settings(named_model(model), options);
  settings.tool_call_parser = options.tool_call_parser;
  settings.reasoning_parser = options.reasoning_parser;
  EngineConfig& config = settings.engine;
  if (!options.swap_space.empty()) {
    settings.swap_bytes = options.swap_space == "0" ? 0 : parse_bytes("--swap-space", options.swap_space);
  }
  config.queue_max = options.queue_max;
  config.target_tbt_s = options.target_tbt_ms / 1e3;
  config.target_ttft_s = options.target_ttft_ms / 1e3;
  config.queue_work_max_s = options.queue_work_max_s;
  config.queue_timeout_s = options.queue_timeout_s;
  config.steps_kept = options.debug_steps;
  config.has_prefix_cache = options.has_prefix_cache;
  config.plans_ahead = options.plans_ahead;
  config.policy = options.policy == "mixed" ? SchedulePolicy::mixed : SchedulePolicy::prefill_first;
  return settings;
}

std::vector<ModelSettings> read_served_settings(const ServeOptionValues& options) {
  if (!options.names.empty() && options.names.size() != options.models.size()) {
    fail(ErrorCode::invalid_argument, "--name: got {}, expected as many as models ({}), or none", options.names.size(),
         options.models.size());
  }
  std::vector<ModelSettings> models;
  for (const std::string& model : options.models) models.push_back(read_settings_of(model, options));
  for (size_t i = 0; i < options.names.size(); ++i) models[i].name = options.names[i];
  return models;
}

void log_model(const Served& served) {
  const ModelInfo& info = served.model->info();
  const EngineConfig& config = served.plan.engine;
  log_info("{}: {:.1f} M parameters, {} weights {}, {} threads, {}", served.name,
           static_cast<double>(info.parameter_count) / 1e6, compute_name(served.settings.compute),
           format_bytes(info.weight_bytes), served.team.thread_count(), kernels::table().name);
  if (!served.placed.empty()) log_info("{}: {}", served.name, served.placed);
  if (!served.rounded.empty()) log_info("{}: {}", served.name, served.rounded);
  log_info("{}: context {} tokens; {} for keys and values in {} ({}) = {} blocks of {} tokens", served.name,
           config.context, format_bytes(config.kv_bytes), kv_type_name(config.kv_type), kv_reason_text(served.plan),
           served.engine->stats().kv_blocks, kKvBlockTokens);
  if (config.swap_bytes > 0) {
    log_info("{}: up to {} of main memory for requests that give way", served.name, format_bytes(config.swap_bytes));
  }
}

void log_model(const ServedEncoder& served) {
  const EncoderInfo& info = served.encoder->info();
  const EncodingConfig& config = served.engine->config();
  log_info("{}: {:.1f} M parameters, {} weights {}, {} threads, {}", served.name,
           static_cast<double>(info.parameter_count) / 1e6, compute_name(served.settings.compute),
           format_bytes(info.weight_bytes), served.team.thread_count(), kernels::table().name);
  log_info("{}: {}; texts of up to {} tokens, batches of up to {} tokens and {} texts", served.name, encoder_text(info),
           config.context, config.batch_tokens_max, config.batch_texts_max);
}

template <typename AnyServed>
void drain(const AnyServed& served) {
  if (served.engine->drain(std::chrono::seconds(1))) return;
  log_warn("{}: requests were still being computed: they are cut off", served.name);
}

// Until a signal comes: false; or a model has lost its device: true. A second that nobody waits for: all its requests
// have been told.
bool wait_for_the_end(StopSignals& signals, const Runtime& runtime, int grace_s) {
  while (true) {
    if (const int received = signals.wait_for(std::chrono::seconds(1)); received != 0) {
      log_info("{}: finishing running answers for up to {} s (again to stop at once)",
               received == SIGINT ? "Ctrl-C" : "SIGTERM", grace_s);
      return false;
    }
    for (const auto& served : runtime.models()) {
      if (!served->engine->stats().is_lost) continue;
      log_error("{}: its device is lost, so the server ends; a new start may find it again", served->name);
      return true;
    }
  }
}

}  // namespace

int serve(const ServeOptionValues& options) {
  const auto started = std::chrono::steady_clock::now();
  return_freed_memory();
  StopSignals signals;
  if (const std::string problem = http::host_problem(options.host); !problem.empty()) {  // told before loading
    fail(ErrorCode::invalid_argument, "--host: cannot listen on '{}': {}", options.host, problem);
  }
  choose_dialect(nullptr, options.tool_call_parser, "--tool-call-parser");  // told before loading
  choose_reasoning(nullptr, options.reasoning_parser, "--reasoning-parser");
  apply_process_options(options);
  const Runtime runtime = load_models(read_runtime_settings(options), read_served_settings(options));
  if (options.warms_json) {
    for (const auto& served : runtime.models()) served->constraints->warm_json();
  }
  const ApiModels models(runtime, ESTOC_VERSION);
  ApiServerConfig config;
  config.http.host = options.host;
  config.http.port = static_cast<uint16_t>(options.port);
  config.http.threads = options.http_threads;
  config.web = {options.allowed_hosts, options.allowed_origins};
  config.priority_min = options.priority_min;
  config.text_threads = options.text_threads;
  ApiServer server(config, models.list());
  signals.defer();
  server.listen();

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  for (const auto& served : runtime.models()) log_model(*served);
  for (const auto& served : runtime.encoders()) log_model(*served);
  log_info("serving on http://{}:{}/v1 after {:.2f} s (Ctrl-C stops)", options.host, server.port(), took.count());

  const LoadReporter reporter(models.list());

  const bool is_lost = wait_for_the_end(signals, runtime, options.grace_s);
  for (const auto& served : runtime.models()) {
    if (served->packs != nullptr) served->packs->abandon();
  }
  for (const auto& served : runtime.encoders()) {
    if (served->packs != nullptr) served->packs->abandon();
  }
  server.stop(std::chrono::seconds(options.grace_s));
  for (const auto& served : runtime.models()) drain(*served);
  for (const auto& served : runtime.encoders()) drain(*served);
  return is_lost ? kExitDeviceLost : kExitDone;
}

}  // namespace estoc
