// GET /metrics
#include <string>

#include "api/endpoints.h"
#include "api/prometheus_text.h"

namespace estoc::api {
namespace {

double kv_usage(const EngineStats& stats) {
  return stats.kv_blocks > 0 ? static_cast<double>(stats.kv_blocks_used) / stats.kv_blocks : 0;
}

void write_engine_counts(PrometheusText& out, const EngineStats& stats) {
  out.gauge("estoc_requests_running", "Requests being computed.", stats.running);
  out.gauge("estoc_requests_waiting", "Requests that wait to be computed.", stats.waiting);
  out.gauge("estoc_queue_work_seconds", "Estimated time to work off what waits.", stats.queue_work_s);
  out.gauge("estoc_kv_blocks", "Blocks of keys and values there are.", stats.kv_blocks);
  out.gauge("estoc_kv_blocks_used", "Blocks that requests hold.", stats.kv_blocks_used);
  out.gauge("estoc_kv_blocks_cached", "Free blocks that still hold a prefix.", stats.kv_blocks_cached);
  out.gauge("estoc_kv_usage_ratio", "Share of the blocks that requests hold, from 0 to 1.", kv_usage(stats));
  out.counter("estoc_requests_done_total", "Requests computed to their end, a stop string included.",
              stats.requests_done);
  out.counter("estoc_requests_cancelled_total",
              "Requests given up: the client left, the server stopped or another choice of the answer failed.",
              stats.requests_cancelled);
  out.counter("estoc_requests_failed_total", "Requests that failed.", stats.requests_failed);
  out.counter("estoc_requests_refused_total", "Requests refused because too much work waited.", stats.requests_refused);
  out.counter("estoc_requests_timed_out_total", "Requests whose deadline, or the queue's, passed.",
              stats.requests_timed_out);
  out.counter("estoc_prompt_tokens_total", "Prompt tokens of requests, cached or computed.", stats.prompt_tokens);
  out.counter("estoc_output_tokens_total", "Tokens generated.", stats.output_tokens);
  out.counter("estoc_prefix_tokens_total", "Prompt tokens looked up in the prefix cache.", stats.prefix_tokens);
  out.counter("estoc_prefix_tokens_cached_total", "Prompt tokens found there.", stats.prefix_tokens_cached);
  out.counter("estoc_preemptions_total", "Times a request gave up its blocks to be computed again.", stats.preemptions);
  out.counter("estoc_steps_total", "Steps of the engine.", stats.steps);
}

void write_engine_histograms(PrometheusText& out, const EngineStats& stats) {
  out.histogram("estoc_ttft_seconds", "Arrival to first token.", stats.ttft_s);
  out.histogram("estoc_inter_token_seconds", "Time between two tokens of a request.", stats.inter_token_s);
  out.histogram("estoc_queue_seconds", "Arrival to first computed.", stats.queue_s);
  out.histogram("estoc_prefill_seconds", "First computed to first token.", stats.prefill_s);
  out.histogram("estoc_decode_seconds", "First token to last.", stats.decode_s);
  out.histogram("estoc_e2e_seconds", "Arrival to last token.", stats.e2e_s);
  out.histogram("estoc_step_seconds", "Time of a step.", stats.step_s);
  out.histogram("estoc_step_rows", "Tokens computed in a step.", stats.step_rows);
}

void write_choices(PrometheusText& out, std::string_view name, std::string_view label, const ChoiceCounts& counts) {
  out.open(name, "counter", "Choices of answers by how they ended.");
  out.sample(name, {{label, "stop"}}, counts.stop);
  out.sample(name, {{label, "length"}}, counts.length);
  out.sample(name, {{label, "abort"}}, counts.aborted);
  out.sample(name, {{label, "error"}}, counts.failed);
}

void write_server(PrometheusText& out, const ServerStats& stats) {
  out.gauge("estoc_http_connections", "Open connections.", stats.connections);
  out.gauge("estoc_http_generating", "Answers being generated.", stats.generating);
  out.open("estoc_http_responses_total", "counter", "Answers by status; 499: the client left before its end.");
  for (const auto& [status, count] : stats.responses) {
    out.sample("estoc_http_responses_total", {{"code", std::to_string(status)}}, count);
  }
  write_choices(out, "estoc_choices_total", "finish_reason", stats.choices);
}

// The names that dashboards and routers made for vLLM read, where they mean the same.
void write_vllm_names(PrometheusText& out, const ServerStats& server) {
  const EngineStats& stats = server.engine;
  out.gauge("vllm:num_requests_running", "As estoc_requests_running.", stats.running);
  out.gauge("vllm:num_requests_waiting", "As estoc_requests_waiting.", stats.waiting);
  out.gauge("vllm:kv_cache_usage_perc", "As estoc_kv_usage_ratio: 1 is full.", kv_usage(stats));
  out.counter("vllm:prefix_cache_queries_total", "As estoc_prefix_tokens_total.", stats.prefix_tokens);
  out.counter("vllm:prefix_cache_hits_total", "As estoc_prefix_tokens_cached_total.", stats.prefix_tokens_cached);
  out.counter("vllm:num_preemptions_total", "As estoc_preemptions_total.", stats.preemptions);
  out.counter("vllm:prompt_tokens_total", "As estoc_prompt_tokens_total.", stats.prompt_tokens);
  out.counter("vllm:generation_tokens_total", "As estoc_output_tokens_total.", stats.output_tokens);
  write_choices(out, "vllm:request_success_total", "finished_reason", server.choices);
  out.histogram("vllm:time_to_first_token_seconds", "As estoc_ttft_seconds.", stats.ttft_s);
  out.histogram("vllm:inter_token_latency_seconds", "As estoc_inter_token_seconds.", stats.inter_token_s);
  out.histogram("vllm:e2e_request_latency_seconds", "As estoc_e2e_seconds.", stats.e2e_s);
  out.histogram("vllm:request_queue_time_seconds", "As estoc_queue_seconds.", stats.queue_s);
  out.histogram("vllm:request_prefill_time_seconds", "As estoc_prefill_seconds.", stats.prefill_s);
  out.histogram("vllm:request_decode_time_seconds", "As estoc_decode_seconds.", stats.decode_s);
}

}  // namespace

Answer metrics(const ServedModel& model, const Call& call) {
  const ServerStats stats = call.stats();
  PrometheusText out;
  out.set_common_labels({{"model_name", model.name}});
  write_engine_counts(out, stats.engine);
  write_engine_histograms(out, stats.engine);
  write_server(out, stats);
  out.set_common_labels({{"model_name", model.name}, {"engine", "0"}});
  write_vllm_names(out, stats);
  return Reply{200, out.take(), {}, kPrometheusContentType};
}

}  // namespace estoc::api
