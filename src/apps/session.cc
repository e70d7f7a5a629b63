#include "apps/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/progress_bar.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/kv_sizing.h"
#include "kernels/kernels.h"

namespace estoc {
namespace {

// A quarter of what is free beside the weights, but no more than all sequences can fill and never less than one
// context.
void plan_kv_memory(const ModelOptionValues& options, const ModelInfo& info, RunPlan& plan) {
  if (!options.kv_memory.empty()) {
    plan.kv_bytes = parse_bytes("--kv-memory", options.kv_memory);
    plan.kv_reason = "--kv-memory";
    return;
  }
  const EngineConfig& config = plan.engine;
  const auto blocks = static_cast<uint64_t>((config.context + kKvBlockTokens - 1) / kKvBlockTokens);
  const uint64_t one = blocks * info.state.position_block_bytes(config.kv_type) +
                       static_cast<uint64_t>(kStatesASequence) * info.state.sequence_bytes();
  const uint64_t all = static_cast<uint64_t>(config.sequences_max) * one;
  const uint64_t available = available_memory();
  const uint64_t rest = available > info.weight_bytes ? available - info.weight_bytes : 0;
  plan.kv_bytes = std::max(one, std::min(all, rest / 4));
  plan.kv_reason = plan.kv_bytes == one ? "one context"
                   : plan.kv_bytes == all
                       ? fmt::format("{} contexts", config.sequences_max)
                       : fmt::format("a quarter of the {} free beside the weights", format_bytes(rest));
}

KvType kv_type(const ModelOptionValues& options) {
  for (int i = 0; i < kKvTypeCount; ++i) {
    if (options.kv_type == kv_type_name(static_cast<KvType>(i))) return static_cast<KvType>(i);
  }
  if (compute_mode(options) == ComputeMode::exact) return KvType::f32;
  return kernels::table().has_bf16_dot ? KvType::bf16 : KvType::f16;
}

std::unique_ptr<PackCache> open_packs(const ModelOptionValues& options, const WeightSource& weights, ThreadTeam& team) {
  // Less than this is packed in the time it takes to find the file (some 50 ms on two cores).
  constexpr uint64_t kWorthKeeping = 64 << 20;
  if (options.pack_cache == "off" || compute_mode(options) != ComputeMode::fast) return nullptr;
  PackCacheOptions cache{options.pack_cache, 0};
  if (options.pack_cache == "auto") cache = {cache_directory() + "/packed", kWorthKeeping};
  return std::make_unique<PackCache>(std::move(cache), weights, team);
}

}  // namespace

ComputeMode compute_mode(const ModelOptionValues& options) {
  return options.compute == "exact" ? ComputeMode::exact : ComputeMode::fast;
}

void apply_isa(const std::string& name) {
  kernels::Isa isa;
  if (!kernels::parse_isa(name.c_str(), &isa)) {
    fail(ErrorCode::invalid_argument, "--isa: '{}' is unknown; expected {}", name, kernels::isa_names());
  }
  if (!kernels::force_isa(isa)) {
    fail(ErrorCode::unsupported, "--isa: this CPU has no {}; the best it has is {}", name,
         kernels::isa_name(kernels::best_isa()));
  }
}

void apply_log_level(const std::string& name) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::debug},
                                                          {"info", LogLevel::info},
                                                          {"warn", LogLevel::warn},
                                                          {"error", LogLevel::error},
                                                          {"off", LogLevel::off}};
  set_log_level(kLevels.at(name));
}

void apply_process_options(const ModelOptionValues& options) {
  apply_log_level(options.log_level);
  if (!options.isa.empty()) apply_isa(options.isa);
}

RunPlan plan_run(const ModelOptionValues& options, const ModelInfo& info) {
  RunPlan plan;
  plan.threads = options.threads > 0 ? options.threads : default_thread_count();
  plan.compute = compute_mode(options);
  plan.is_deterministic = options.is_deterministic;
  if (options.activations == "int8") plan.activations = Activations::int8;
  if (options.activations == "int16") plan.activations = Activations::int16;
  plan.engine.context = options.context > 0 ? std::min(options.context, info.context_max) : info.context_max;
  if (options.context > info.context_max) {
    log_warn("--ctx {} is more than the model was trained for; using its limit of {}", options.context,
             info.context_max);
  }
  plan.engine.sequences_max = options.sequences_max;
  plan.engine.batch_tokens_max = std::max(options.batch_tokens_max, options.sequences_max);
  plan.engine.kv_type = kv_type(options);
  plan_kv_memory(options, info, plan);
  plan.engine.kv_bytes = plan.kv_bytes;
  return plan;
}

Session::Session(const ModelOptionValues& options, const EngineTuning& tune)
    : Session(options, tune, (apply_process_options(options), open_checkpoint(options.model))) {}

Session::Session(const ModelOptionValues& options, const EngineTuning& tune, Checkpoint&& opened)
    : checkpoint(std::move(opened)),
      plan(plan_run(options, describe_model(*checkpoint.weights, compute_mode(options)))),
      team(plan.threads, options.is_pinned ? Pinning::cores : Pinning::none),
      packs(open_packs(options, *checkpoint.weights, team)) {
  ProgressBar bar("loading " + checkpoint.name);
  model = load_model(*checkpoint.weights, team,
                     {.compute = plan.compute,
                      .activations = plan.activations,
                      .is_deterministic = plan.is_deterministic,
                      .packed_store = packs.get(),
                      .progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); }});
  bar.finish();
  if (packs != nullptr) packs->keep();
  if (tune) tune(plan.engine);
  engine = std::make_unique<Engine>(*model, plan.engine, &team);
}

}  // namespace estoc
