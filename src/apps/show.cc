// `estoc show MODEL`: architecture, parameters, formats, context, and the memory it will need.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "apps/commands.h"
#include "apps/encoder_text.h"
#include "apps/process_options.h"
#include "apps/read_settings.h"
#include "apps/show_forms.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/memory.h"
#include "checkpoint/checkpoint.h"
#include "engine/kv_sizing.h"
#include "gpu/device_report.h"
#include "kernels/kernels.h"
#include "serving/served.h"
#include "serving/served_encoder.h"
#include "serving/settled.h"

namespace estoc {
namespace {

void row(std::string_view name, const std::string& value) { write_output(fmt::format("{:<14} {}\n", name, value)); }

std::string formats_of(const WeightSource& weights) {
  std::map<std::string_view, std::pair<int, uint64_t>> by_format;
  for (const WeightTensor& tensor : weights.tensors()) {
    auto& [count, bytes] = by_format[tensor.format->name];
    ++count;
    bytes += tensor.bytes.size();
  }
  std::string text;
  for (const auto& [name, totals] : by_format) {
    text += fmt::format("{}{} x{} ({})", text.empty() ? "" : ", ", name, totals.first, format_bytes(totals.second));
  }
  return text;
}

void row_of_file(const Checkpoint& checkpoint) {
  row("file", fmt::format("{} ({}, {})", checkpoint.path, checkpoint.weights->container(),
                          format_bytes(checkpoint.weights->file_bytes())));
}

int show_encoder(const ModelSettings& settings, const Checkpoint& checkpoint, const ShowOptionValues& options) {
  if (options.has_forms) fail(ErrorCode::unsupported, "--forms is not told of encoders");
  check_encoder_settings(settings, checkpoint);
  const EncoderInfo info = describe_encoder(*checkpoint.weights, encoder_options(settings));
  const int context = settings.engine.context;
  row("model", served_name(settings, checkpoint));
  row_of_file(checkpoint);
  row("architecture", fmt::format("{} (family {}), an encoder", info.architecture, info.family));
  row("parameters", fmt::format("{:.1f} M", static_cast<double>(info.parameter_count) / 1e6));
  row("shape", fmt::format("{} layers, hidden {}, vocabulary {}", info.layers, info.hidden, info.vocab));
  row("results", encoder_text(info));
  row("formats", formats_of(*checkpoint.weights));
  row("texts", fmt::format("up to {} tokens (used here: {})", info.tokens_max,
                           context > 0 ? std::min(context, info.tokens_max) : info.tokens_max));
  row("compute", fmt::format("{}, {} threads, {}", options.compute, thread_count(read_runtime_settings(options)),
                             kernels::table().name));
  row("memory", fmt::format("{} = weights {} + about 100 MiB of buffers",
                            format_bytes(info.weight_bytes + (100u << 20)), format_bytes(info.weight_bytes)));
  return 0;
}

}  // namespace

int show(const ShowOptionValues& options) {
  apply_process_options(options);
  const NamedModel model = named_model(options.model);
  const Checkpoint checkpoint = open_checkpoint(model.path);
  if (is_encoder(*checkpoint.weights)) return show_encoder(read_model_settings(model, options), checkpoint, options);
  const auto [settings, placement, info] =
      settle(read_model_settings(model, options), *checkpoint.weights, available_memory());
  const ModelPlan plan = plan_model(settings, info, placement);
  const uint64_t kv_bytes = plan.engine.kv_bytes;
  const uint64_t block = std::max<uint64_t>(1, info.state.position_block_bytes(plan.engine.kv_type));
  row("model", served_name(settings, checkpoint));
  row_of_file(checkpoint);
  row("architecture", fmt::format("{} (family {})", info.architecture, info.family));
  row("parameters", fmt::format("{:.1f} M", static_cast<double>(info.parameter_count) / 1e6));
  row("shape", fmt::format("{} layers, hidden {}, {} heads, {} KV heads of {}, FFN {}, vocabulary {}", info.layers,
                           info.hidden, info.heads, info.kv_heads, info.head_dim, info.ffn, info.vocab));
  row("formats", formats_of(*checkpoint.weights));
  if (*settings.weights != WeightType::as_stored) {
    row("", fmt::format("floating-point ones are rounded to {} at load", weight_type_name(*settings.weights)));
  }
  row("context", fmt::format("{} tokens (used here: {})", info.context_max, plan.engine.context));
  const Tokenizer& tokenizer = *checkpoint.tokenizer;
  const auto spelling = [&](std::optional<TokenId> id) { return id ? tokenizer.token_bytes(*id) : "none"; };
  row("tokenizer", fmt::format("{} tokens, BOS {}, EOS {}", tokenizer.vocab_count(), spelling(tokenizer.bos()),
                               spelling(tokenizer.eos())));
  row("chat template", checkpoint.prompts->has_template() ? "yes" : "no");
  const char* activations = settings.compute == ComputeMode::exact             ? "f32"
                            : has_wide_activations(info, settings.activations) ? "int16"
                                                                               : "int8";
  row("compute", fmt::format("{}, {} activations, {} threads, {}", options.compute, activations,
                             thread_count(read_runtime_settings(options)), kernels::table().name));
  row("layers", placement_text(placement));
  bool is_first = true;
  for (const std::string& line : gpu::gpu_lines()) row(std::exchange(is_first, false) ? "GPUs" : "", line);
  row("memory", fmt::format("{} = weights {} + keys and values {} + about 100 MiB of buffers",
                            format_bytes(info.weight_bytes + kv_bytes + (100u << 20)), format_bytes(info.weight_bytes),
                            format_bytes(kv_bytes)));
  row("", fmt::format("keys and values: {}, {} a token; {}: {} blocks of {} tokens", kv_type_name(plan.engine.kv_type),
                      format_bytes(block / kKvBlockTokens), kv_reason_text(plan), kv_bytes / block, kKvBlockTokens));
  if (options.has_forms) write_output("\n" + show_forms(*checkpoint.weights, info, settings));
  return 0;
}

}  // namespace estoc
