#include "models/encoder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "models/config_keys.h"
#include "models/encoder_family.h"
#include "models/encoder_model.h"
#include "models/sentence_modules.h"
#include "models/unused_tensors.h"
#include "ops/weight.h"

namespace estoc {
namespace {

constexpr std::string_view kDecoderEnd = "ForCausalLM";

// Heads that an encoder's file may have for other uses.
constexpr std::string_view kOtherHeads[] = {"pooler.",
                                            "cls.",
                                            "lm_head.",
                                            "classifier",
                                            "head.",
                                            "decoder.",
                                            "score.",
                                            "pre_classifier.",
                                            "vocab_",
                                            "qa_outputs.",
                                            "embeddings.position_ids"};

struct Description {
  const EncoderFamily& family;
  EncoderSpec spec;
  EncoderInfo info;
};

const EncoderFamily& known_family_of(const WeightSource& weights) {
  if (const EncoderFamily* family = encoder_family_of(weights)) return *family;
  std::string known;
  for (const EncoderFamily* family : encoder_families()) {
    for (const std::string_view name : family->architectures) known += (known.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorCode::unsupported, "{}: architecture '{}' is not supported as an encoder (supported: {})", weights.path(),
       architecture_of(weights), known);
}

std::vector<std::string> labels_of(const WeightSource& weights, const SentenceModules& modules) {
  if (!modules.labels.empty()) return modules.labels;
  std::vector<std::string> labels;
  const Json* names = weights.config().find("id2label");
  if (names == nullptr || !names->is_object()) return {};
  for (size_t i = 0; i < names->as_object().size(); ++i) {
    const Json* label = names->find(std::to_string(i));
    if (label == nullptr || !label->is_string()) return {};
    labels.push_back(label->as_string());
  }
  return labels;
}

// The score of a decoder: the logit of one token, or what it is above another's.
VectorStepSpec answer_step(const WeightSource& weights, const EncoderFamily& family, const EncoderOptions& options,
                           const SentenceModules& modules, int vocab) {
  std::vector<int> rows = modules.answers;
  if (options.answers) {
    rows = {static_cast<int>((*options.answers)[0]), static_cast<int>((*options.answers)[1])};
  }
  if (rows.empty()) {
    fail(ErrorCode::invalid_argument, "{}: scores are logits of tokens, and no 1_LogitScore/config.json says of which",
         weights.path());
  }
  for (const int row : rows) {
    if (row >= 0 && row < vocab) continue;
    fail(options.answers ? ErrorCode::invalid_argument : ErrorCode::corrupt_file,
         "{}: the token {} of scores is not among the {} of the vocabulary", weights.path(), row, vocab);
  }
  const bool is_tied = weights.find(family.naming.head_weight()) == nullptr;
  return {.linear = std::string(is_tied ? family.naming.embedding : family.naming.head),
          .outputs = 1,
          .rows = std::move(rows),
          .tensor_rows = vocab};
}

void apply_modules(const WeightSource& weights, const SentenceModules& modules, const EncoderOptions& options,
                   EncoderSpec& spec) {
  if (!modules.pooling.empty()) spec.pooling = modules.pooling;
  if (!options.pooling.empty()) {
    const auto pooling = parse_pooling(options.pooling);
    if (!pooling) {
      fail(ErrorCode::invalid_argument, "pooling '{}' is not known, expected one of {}", options.pooling,
           known_poolings());
    }
    spec.pooling = {*pooling};
  }
  if (!modules.steps.empty()) spec.steps = modules.steps;
  spec.is_normalized = modules.is_normalized;
  if (spec.steps.empty() || spec.pooling.size() == 1) return;
  for (const VectorStepSpec& step : spec.steps) {
    if (step.folder.empty()) {
      fail(ErrorCode::unsupported, "{}: several poolings before a product of the checkpoint's own are not computed",
           weights.path());
    }
  }
}

void add_totals(const WeightSource& weights, const EncoderOptions& options, EncoderInfo& info) {
  for (const WeightTensor& tensor : weights.tensors()) {
    if (is_leftover(tensor.name)) continue;
    info.parameter_count += tensor.element_count();
    if (tensor.shape.size() == 2 && tensor.name.starts_with("model.layers.")) {
      const QuantFormat& format = Weight::format_as(*tensor.format, options.weights, tensor.columns());
      info.weight_bytes += Weight::resident_bytes_of(format, options.compute, tensor.rows(), tensor.columns());
    } else {
      info.weight_bytes += tensor.bytes.size();
    }
  }
}

// What the lists of config_keys.h want to know of a model.
ModelInfo shape_of(const DecoderSpec& stack) {
  ModelInfo info;
  info.layers = static_cast<int>(stack.layers.size());
  info.hidden = stack.hidden;
  const auto& attention = std::get<AttentionSpec>(stack.layers.front().mixer);
  info.heads = attention.heads;
  info.kv_heads = attention.kv_heads;
  info.head_dim = attention.head_dim;
  info.state = state_layout(stack);
  return info;
}

Description describe(const WeightSource& weights, const EncoderOptions& options) {
  const EncoderFamily& family = known_family_of(weights);
  const SentenceModules modules = read_sentence_modules(weights);
  const std::string architecture = architecture_of(weights);
  using Task = EncoderInfo::Task;
  const bool is_scorer = is_classifier(architecture) || modules.is_reranker;
  const Task task = options.task.value_or(is_scorer ? Task::score : Task::embed);
  EncoderSpec spec = family.describe(weights, task);
  if (task == Task::embed) {
    apply_modules(weights, modules, options, spec);
  } else if (architecture.ends_with(kDecoderEnd) && spec.steps.empty()) {
    spec.steps = {answer_step(weights, family, options, modules, spec.stack.vocab)};
  }
  if (modules.tokens_max > 0) spec.tokens_max = std::min(spec.tokens_max, modules.tokens_max);
  EncoderInfo info;
  info.family = family.name;
  info.architecture = architecture;
  info.task = task;
  info.layers = static_cast<int>(spec.stack.layers.size());
  info.hidden = spec.stack.hidden;
  info.vocab = spec.stack.vocab;
  info.tokens_max = spec.tokens_max;
  info.outputs = spec.pooled_width();
  for (const VectorStepSpec& step : spec.steps) info.outputs = step.linear.empty() ? info.outputs : step.outputs;
  if (task == Task::score) info.labels = labels_of(weights, modules);
  if (std::ssize(info.labels) != info.outputs) info.labels.clear();
  info.pooling = pooling_names(spec.pooling);
  info.is_normalized = spec.is_normalized;
  refuse_uncomputed(weights, family.name, family.computes, shape_of(spec.stack));
  add_totals(weights, options, info);
  return {family, std::move(spec), std::move(info)};
}

}  // namespace

bool is_encoder(const WeightSource& weights) {
  if (encoder_family_of(weights) == nullptr) return false;
  if (!architecture_of(weights).ends_with(kDecoderEnd)) return true;
  return read_sentence_modules(weights).are_there();
}

EncoderInfo describe_encoder(const WeightSource& weights, const EncoderOptions& options) {
  return describe(weights, options).info;
}

std::unique_ptr<Encoder> load_encoder(const WeightSource& weights, ThreadTeam& team, const EncoderOptions& options) {
  Description found = describe(weights, options);
  warn_of_unknown_keys(weights);
  Compute compute = default_compute(team);
  compute.has_wide_activations = has_wide_activations(shape_of(found.spec.stack), options.activations);
  compute.is_deterministic = options.is_deterministic;
  compute.profile = options.profile;
  LoadContext load{.source = weights,
                   .naming = found.family.naming,
                   .mode = options.compute,
                   .compute = compute,
                   .weights = options.weights,
                   .packed_store = options.packed_store,
                   .progress = options.progress};
  auto encoder = std::make_unique<EncoderModel>(load, found.info, found.spec);
  refuse_unused_tensors(load, found.family.name, found.info.layers, kOtherHeads);
  if (options.compute == ComputeMode::fast) weights.release_pages();
  return encoder;
}

}  // namespace estoc
