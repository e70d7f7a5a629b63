#include "serving/model_plan.h"

#include <algorithm>

#include "base/log.h"
#include "base/memory.h"
#include "engine/kv_sizing.h"
#include "kernels/kernels.h"

namespace estoc {
namespace {

// A third of what an H100 reaches (docs/SPEED.md): measured steps soon say better.
constexpr MachineGuess kGpuGuess{.bytes_a_second = 1e12, .macs_a_second = 100e12, .attention_macs_a_second = 20e12};

// A device's steps are short: a quarter of this, the least that is worth reading all weights for, is to hold a prompt
// of a few hundred tokens (8B on an H100: 10 ms).
constexpr double kGpuTargetTbt = 0.04, kCpuTargetTbt = 0.15;

// The model's part of the memory, but no more than all sequences can fill and never less than one context.
void plan_kv_bytes(const ModelInfo& info, const KvBudget& budget, ModelPlan& plan) {
  EngineConfig& config = plan.engine;
  if (config.kv_bytes > 0) return;
  const auto blocks = static_cast<uint64_t>((config.context + kKvBlockTokens - 1) / kKvBlockTokens);
  const uint64_t context = blocks * info.state.position_block_bytes(config.kv_type);
  const uint64_t one = least_state_bytes(info.state) + context;
  const uint64_t all =
      state_bytes(info.state, config.sequences_max) + static_cast<uint64_t>(config.sequences_max) * context;
  config.kv_bytes = std::max(one, std::min(all, budget.part_bytes()));
  plan.kv_reason = config.kv_bytes == one   ? KvReason::one_context
                   : config.kv_bytes == all ? KvReason::all_contexts
                                            : KvReason::memory;
}

}  // namespace

KvType choose_kv_type(const ModelSettings& settings, bool has_device) {
  if (settings.kv_type) return *settings.kv_type;
  if (has_device) return KvType::bf16;
  if (settings.compute == ComputeMode::exact) return KvType::f32;
  return kernels::table().has_bf16_dot ? KvType::bf16 : KvType::f16;
}

uint64_t choose_swap_bytes(const ModelSettings& settings, const ModelInfo& info, const EngineConfig& engine,
                           bool has_device, uint64_t memory_bytes) {
  if (!has_device) {
    if (settings.swap_bytes.value_or(0) > 0) {
      log_warn("there is no swap space: all layers are on CPUs, which have keys and values in main memory anyway");
    }
    return 0;
  }
  if (settings.swap_bytes) return *settings.swap_bytes;
  const uint64_t bytes = std::min(memory_bytes / 4, engine.kv_bytes);
  return bytes < least_swap_bytes(info.state, engine.kv_type) ? 0 : bytes;
}

int choose_sequences(const ModelSettings& settings, bool has_device) {
  if (settings.engine.sequences_max > 0) return settings.engine.sequences_max;
  return has_device ? 256 : 64;
}

int choose_batch_tokens(const ModelSettings& settings, bool has_device) {
  if (settings.engine.batch_tokens_max > 0) return settings.engine.batch_tokens_max;
  return has_device ? 2048 : 512;
}

ModelPlan plan_model(const ModelSettings& settings, const ModelInfo& info, const KvBudget& budget,
                     const Placement& placement) {
  ModelPlan plan{.engine = settings.engine, .free_bytes = budget.free_bytes()};
  EngineConfig& config = plan.engine;
  if (config.context > info.context_max) {
    log_warn("a context of {} tokens is more than the model was trained for; using its limit of {}", config.context,
             info.context_max);
  }
  config.context = config.context > 0 ? std::min(config.context, info.context_max) : info.context_max;
  config.sequences_max = choose_sequences(settings, placement.has_device());
  config.batch_tokens_max = std::max(choose_batch_tokens(settings, placement.has_device()), config.sequences_max);
  config.kv_type = choose_kv_type(settings, placement.has_device());
  const bool is_all_on_device = placement.is_all_on_devices();
  if (is_all_on_device) config.machine = kGpuGuess;
  if (config.target_tbt_s <= 0) config.target_tbt_s = is_all_on_device ? kGpuTargetTbt : kCpuTargetTbt;
  plan_kv_bytes(info, budget, plan);
  return plan;
}

std::vector<ModelPlan> plan_models(const std::vector<ModelSettings>& settings, const std::vector<ModelInfo>& infos,
                                   const std::vector<Placement>& placements, uint64_t memory_bytes) {
  uint64_t weight_bytes = 0;
  int on_cpu = 0, on_devices = 0;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (placements[i].has_device()) {
      ++on_devices;
      continue;
    }
    weight_bytes += infos[i].weight_bytes;
    ++on_cpu;
  }
  KvBudget budget(memory_bytes - std::min(memory_bytes, weight_bytes), std::max(1, on_cpu));
  std::vector<ModelPlan> plans;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (placements[i].has_device()) {
      uint64_t bytes = placements[i].kv_bytes(infos[i].state);
      if (const int left = placements[i].layers - placements[i].device_layers(); left > 0) {  // with the CPUs
        bytes =
            std::min(bytes, budget.part_bytes() / static_cast<uint64_t>(left) * static_cast<uint64_t>(infos[i].layers));
      }
      plans.push_back(plan_model(settings[i], infos[i], KvBudget::all_of(bytes), placements[i]));
      EngineConfig& engine = plans.back().engine;
      engine.swap_bytes =
          choose_swap_bytes(settings[i], infos[i], engine, true, memory_bytes / static_cast<uint64_t>(on_devices));
      continue;
    }
    plans.push_back(plan_model(settings[i], infos[i], budget));
    plans.back().engine.swap_bytes = choose_swap_bytes(settings[i], infos[i], plans.back().engine, false, 0);
    budget.take(plans.back().engine.kv_bytes);
  }
  return plans;
}

ModelPlan plan_model(const ModelSettings& settings, const ModelInfo& info, const Placement& placement) {
  return plan_models({settings}, {info}, {placement}, available_memory()).front();
}

}  // namespace estoc
