// GET /metrics
#include <algorithm>
#include <span>
#include <string>

#include "api/endpoints.h"
#include "api/prometheus_text.h"
#include "grammar/constraint_cache.h"

namespace estoc::api {
namespace {

double kv_usage(const EngineStats& stats) {
  return stats.kv_blocks > 0 ? static_cast<double>(stats.kv_blocks_used) / stats.kv_blocks : 0;
}

// A family: its name, what it says, and where in the counts of an engine its value is.
template <typename Value>
struct Family {
  const char *name, *help;
  Value value;
};
using Gauge = Family<double (*)(const EngineStats&)>;
using Counter = Family<uint64_t EngineStats::*>;
using Distribution = Family<Histogram EngineStats::*>;

constexpr Gauge kGauges[] = {
    {"estoc_requests_running", "Requests being computed.",
     [](const EngineStats& stats) { return static_cast<double>(stats.running); }},
    {"estoc_requests_waiting", "Requests that wait to be computed.",
     [](const EngineStats& stats) { return static_cast<double>(stats.waiting); }},
    {"estoc_queue_work_seconds", "Estimated time to work off what waits.",
     [](const EngineStats& stats) { return stats.queue_work_s; }},
};
constexpr Gauge kCacheGauges[] = {
    {"estoc_kv_blocks", "Blocks of keys and values there are.",
     [](const EngineStats& stats) { return static_cast<double>(stats.kv_blocks); }},
    {"estoc_kv_blocks_used", "Blocks that requests hold.",
     [](const EngineStats& stats) { return static_cast<double>(stats.kv_blocks_used); }},
    {"estoc_kv_blocks_cached", "Free blocks that still hold a prefix.",
     [](const EngineStats& stats) { return static_cast<double>(stats.kv_blocks_cached); }},
    {"estoc_swap_blocks", "Blocks of keys and values that main memory has room for beside a device's.",
     [](const EngineStats& stats) { return static_cast<double>(stats.swap_blocks); }},
    {"estoc_swap_blocks_used", "Blocks there that requests hold which had to give way.",
     [](const EngineStats& stats) { return static_cast<double>(stats.swap_blocks_used); }},
    {"estoc_kv_usage_ratio", "Share of the blocks that requests hold, from 0 to 1.", kv_usage},
};

constexpr Counter kCounters[] = {
    {"estoc_requests_done_total", "Requests computed to their end, a stop string included.",
     &EngineStats::requests_done},
    {"estoc_requests_cancelled_total",
     "Requests given up: the client left, the server stopped or another choice "
     "of the answer failed.",
     &EngineStats::requests_cancelled},
    {"estoc_requests_failed_total", "Requests that failed.", &EngineStats::requests_failed},
    {"estoc_requests_refused_total", "Requests refused because too much work waited.", &EngineStats::requests_refused},
    {"estoc_requests_timed_out_total", "Requests whose deadline, or the queue's, passed.",
     &EngineStats::requests_timed_out},
    {"estoc_prompt_tokens_total", "Prompt tokens of requests, cached or computed.", &EngineStats::prompt_tokens},
    {"estoc_steps_total", "Steps of the engine; an encoder's are batches.", &EngineStats::steps},
};
constexpr Counter kGenerationCounters[] = {
    {"estoc_output_tokens_total", "Tokens generated.", &EngineStats::output_tokens},
    {"estoc_forced_tokens_total", "Of those, tokens that a constraint left no choice about: they took no step.",
     &EngineStats::forced_tokens},
    {"estoc_prefix_tokens_total", "Prompt tokens looked up in the prefix cache.", &EngineStats::prefix_tokens},
    {"estoc_prefix_tokens_cached_total", "Prompt tokens found there.", &EngineStats::prefix_tokens_cached},
    {"estoc_preemptions_total", "Times a request gave up its blocks, to be computed again or kept in main memory.",
     &EngineStats::preemptions},
    {"estoc_preemptions_kept_total", "Of those, the ones whose blocks were kept in main memory.",
     &EngineStats::preemptions_kept},
    {"estoc_swap_blocks_out_total", "Blocks copied from devices to main memory.", &EngineStats::swap_blocks_out},
    {"estoc_swap_blocks_in_total", "Blocks copied back.", &EngineStats::swap_blocks_in},
    {"estoc_steps_ahead_total", "Steps that were submitted while the one before was computed.",
     &EngineStats::steps_ahead},
};

constexpr Distribution kDistributions[] = {
    {"estoc_queue_seconds", "Arrival to first computed.", &EngineStats::queue_s},
    {"estoc_e2e_seconds", "Arrival to last token, or to an encoder's answer.", &EngineStats::e2e_s},
    {"estoc_step_seconds", "Time of a step.", &EngineStats::step_s},
    {"estoc_step_rows", "Tokens computed in a step.", &EngineStats::step_rows},
};
constexpr Distribution kGenerationDistributions[] = {
    {"estoc_ttft_seconds", "Arrival to first token.", &EngineStats::ttft_s},
    {"estoc_inter_token_seconds", "Time between two tokens of a request.", &EngineStats::inter_token_s},
    {"estoc_prefill_seconds", "First computed to first token.", &EngineStats::prefill_s},
    {"estoc_decode_seconds", "First token to last.", &EngineStats::decode_s},
};

// The names that dashboards and routers made for vLLM read, where they mean the same.
constexpr Gauge kVllmGauges[] = {
    {"vllm:num_requests_running", "As estoc_requests_running.",
     [](const EngineStats& stats) { return static_cast<double>(stats.running); }},
    {"vllm:num_requests_waiting", "As estoc_requests_waiting.",
     [](const EngineStats& stats) { return static_cast<double>(stats.waiting); }},
};
constexpr Gauge kVllmCacheGauges[] = {
    {"vllm:kv_cache_usage_perc", "As estoc_kv_usage_ratio: 1 is full.", kv_usage},
};
constexpr Counter kVllmCounters[] = {
    {"vllm:prompt_tokens_total", "As estoc_prompt_tokens_total.", &EngineStats::prompt_tokens},
};
constexpr Counter kVllmGenerationCounters[] = {
    {"vllm:prefix_cache_queries_total", "As estoc_prefix_tokens_total.", &EngineStats::prefix_tokens},
    {"vllm:prefix_cache_hits_total", "As estoc_prefix_tokens_cached_total.", &EngineStats::prefix_tokens_cached},
    {"vllm:num_preemptions_total", "As estoc_preemptions_total.", &EngineStats::preemptions},
    {"vllm:generation_tokens_total", "As estoc_output_tokens_total.", &EngineStats::output_tokens},
};
constexpr Distribution kVllmDistributions[] = {
    {"vllm:e2e_request_latency_seconds", "As estoc_e2e_seconds.", &EngineStats::e2e_s},
    {"vllm:request_queue_time_seconds", "As estoc_queue_seconds.", &EngineStats::queue_s},
};
constexpr Distribution kVllmGenerationDistributions[] = {
    {"vllm:time_to_first_token_seconds", "As estoc_ttft_seconds.", &EngineStats::ttft_s},
    {"vllm:inter_token_latency_seconds", "As estoc_inter_token_seconds.", &EngineStats::inter_token_s},
    {"vllm:request_prefill_time_seconds", "As estoc_prefill_seconds.", &EngineStats::prefill_s},
    {"vllm:request_decode_time_seconds", "As estoc_decode_seconds.", &EngineStats::decode_s},
};

// Writes families that have a sample of each model.
class ModelFamilies {
 public:
  ModelFamilies(PrometheusText& out, const Models& models, const ServerStats& stats)
      : out_(out), models_(models.list()), stats_(stats.models) {}

  // From now on families have samples of these models only.
  enum class Of { all, generators, encoders };
  void set_models(Of of) { of_ = of; }
  // From now on every sample has the label that vLLM gives its engines; each model has one engine.
  void add_engine_label() { has_engine_label_ = true; }

  template <typename Write>
  void write(const char* name, const char* type, const char* help, Write&& write_samples) {
    write_each(name, type, help, [&](size_t i) { write_samples(stats_[i]); });
  }
  template <typename Write>
  void write_each(const char* name, const char* type, const char* help, Write&& write_samples) {
    if (std::ranges::none_of(stats_, [this](const ModelStats& stats) { return is_of(stats); })) return;
    out_.open(name, type, help);
    for (size_t i = 0; i < models_.size(); ++i) {
      if (!is_of(stats_[i])) continue;
      if (has_engine_label_) {
        out_.set_common_labels({{"model_name", models_[i].name}, {"engine", "0"}});
      } else {
        out_.set_common_labels({{"model_name", models_[i].name}});
      }
      write_samples(i);
    }
    out_.set_common_labels({});
  }
  void write(std::span<const Gauge> gauges) {
    for (const auto& [name, help, value] : gauges) {
      write(name, "gauge", help, [&](const ModelStats& stats) { out_.sample(name, {}, value(stats.engine)); });
    }
  }
  void write(std::span<const Counter> counters) {
    for (const auto& [name, help, value] : counters) {
      write(name, "counter", help, [&](const ModelStats& stats) { out_.sample(name, {}, stats.engine.*value); });
    }
  }
  void write(std::span<const Distribution> distributions) {
    for (const auto& [name, help, value] : distributions) {
      write(name, "histogram", help, [&](const ModelStats& stats) { out_.histogram(name, stats.engine.*value); });
    }
  }
  void write_choices(const char* name, std::string_view label) {
    write(name, "counter", "Choices of answers by how they ended.", [&](const ModelStats& stats) {
      out_.sample(name, {{label, "stop"}}, stats.choices.stop);
      out_.sample(name, {{label, "length"}}, stats.choices.length);
      out_.sample(name, {{label, "abort"}}, stats.choices.aborted);
      out_.sample(name, {{label, "error"}}, stats.choices.failed);
    });
  }
  void write_step_parts(const char* name) {
    write(name, "counter", "Seconds of steps: planning, computing, making events, handing them on.",
          [&](const ModelStats& stats) {
            out_.sample(name, {{"part", "plan"}}, stats.engine.plan_s);
            out_.sample(name, {{"part", "compute"}}, stats.engine.compute_s);
            out_.sample(name, {{"part", "commit"}}, stats.engine.commit_s);
            out_.sample(name, {{"part", "deliver"}}, stats.engine.deliver_s);
          });
  }
  // What answers keep to.
  void write_constraints() {
    write(
        "estoc_constraint_mask_seconds_total", "counter", "Seconds until masks of rows were filled, of all rows.",
        [&](const ModelStats& stats) { out_.sample("estoc_constraint_mask_seconds_total", {}, stats.engine.mask_s); });
    const auto of_cache = [&](const char* name, const char* type, const char* help, const auto& value) {
      write_each(name, type, help, [&](size_t i) {
        if (models_[i].constraints != nullptr) out_.sample(name, {}, value(models_[i].constraints->stats()));
      });
    };
    using Stats = grammar::ConstraintStats;
    of_cache("estoc_constraints_compiled_total", "counter", "Schemas, grammars and expressions compiled.",
             [](const Stats& stats) { return stats.compiled; });
    of_cache("estoc_constraints_refused_total", "counter", "Those that could not be.",
             [](const Stats& stats) { return stats.failed; });
    of_cache("estoc_constraints_found_total", "counter", "Those that were asked for and compiled already.",
             [](const Stats& stats) { return stats.found; });
    of_cache("estoc_constraint_compile_seconds_total", "counter", "Seconds that compiling took.",
             [](const Stats& stats) { return stats.compile_s; });
    of_cache("estoc_constraint_bytes", "gauge", "Memory of those that are kept, as of the last that was compiled.",
             [](const Stats& stats) { return uint64_t{stats.kept_bytes}; });
  }
  void write_memory(const char* name) {
    write_each(name, "gauge", "Memory of weights, and of keys and values, by where it is.", [&](size_t i) {
      for (const PlaceMemory& memory : models_[i].memory) {
        out_.sample(name, {{"place", memory.place}, {"kind", "weights"}}, memory.weights);
        out_.sample(name, {{"place", memory.place}, {"kind", "kv"}}, memory.kv);
      }
    });
  }
  void write_texts() {
    write("estoc_texts_total", "counter", "Texts that became vectors or scores.",
          [&](const ModelStats& stats) { out_.sample("estoc_texts_total", {}, stats.texts->computed); });
    write("estoc_texts_waiting_tokens", "gauge", "Tokens of texts that wait to be computed.",
          [&](const ModelStats& stats) {
            out_.sample("estoc_texts_waiting_tokens", {}, static_cast<double>(stats.texts->waiting_tokens));
          });
    write("estoc_batch_texts", "histogram", "Texts of a batch.",
          [&](const ModelStats& stats) { out_.histogram("estoc_batch_texts", stats.texts->batch_texts); });
  }
  void write_generating(const char* name) {
    write(name, "gauge", "Answers being generated.",
          [&](const ModelStats& stats) { out_.sample(name, {}, static_cast<double>(stats.generating)); });
  }

 private:
  bool is_of(const ModelStats& stats) const {
    return of_ == Of::all || (of_ == Of::encoders) == stats.texts.has_value();
  }

  PrometheusText& out_;
  const std::vector<ServedModel>& models_;
  const std::vector<ModelStats>& stats_;
  Of of_ = Of::all;
  bool has_engine_label_ = false;
};

// Connections and statuses belong to the server: which model was asked for is not known of all of them.
void write_server(PrometheusText& out, const ServerStats& stats) {
  out.open("estoc_http_connections", "gauge", "Open connections.");
  out.sample("estoc_http_connections", {}, static_cast<double>(stats.connections));
  out.open("estoc_http_responses_total", "counter", "Answers by status; 499: the client left before its end.");
  for (const auto& [status, count] : stats.responses) {
    out.sample("estoc_http_responses_total", {{"code", std::to_string(status)}}, count);
  }
}

}  // namespace

Answer metrics(const Models& models, const Call& call) {
  const ServerStats stats = call.stats();
  PrometheusText out;
  ModelFamilies families(out, models, stats);
  using Of = ModelFamilies::Of;
  families.write(kGauges);
  families.write(kCounters);
  families.write(kDistributions);
  families.write_memory("estoc_memory_bytes");
  families.write_generating("estoc_http_generating");
  families.set_models(Of::generators);
  families.write(kCacheGauges);
  families.write(kGenerationCounters);
  families.write(kGenerationDistributions);
  families.write_step_parts("estoc_step_part_seconds_total");
  families.write_constraints();
  families.write_choices("estoc_choices_total", "finish_reason");
  families.set_models(Of::encoders);
  families.write_texts();
  write_server(out, stats);
  families.add_engine_label();
  families.set_models(Of::all);
  families.write(kVllmGauges);
  families.write(kVllmCounters);
  families.write(kVllmDistributions);
  families.set_models(Of::generators);
  families.write(kVllmCacheGauges);
  families.write(kVllmGenerationCounters);
  families.write(kVllmGenerationDistributions);
  families.write_choices("vllm:request_success_total", "finished_reason");
  return Reply{200, out.take(), {}, kPrometheusContentType};
}

}  // namespace estoc::api
