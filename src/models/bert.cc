// The BERT family: BERT, MiniLM, BGE and E5; RoBERTa and XLM-RoBERTa, whose positions count from behind the padding's;
// DistilBERT, which has no segments. Tokens see the whole text, positions and segments are tables, norms are of sums.
// Source: transformers models/bert, roberta, xlm_roberta and distilbert (5.23); checked against tests/golden/.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "models/encoder_family.h"
#include "models/llama.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {
    "BertModel",       "BertForMaskedLM",       "BertForSequenceClassification",
    "RobertaModel",    "RobertaForMaskedLM",    "RobertaForSequenceClassification",
    "XLMRobertaModel", "XLMRobertaForMaskedLM", "XLMRobertaForSequenceClassification",
    "CamembertModel",  "CamembertForMaskedLM",  "CamembertForSequenceClassification",
    "DistilBertModel", "DistilBertForMaskedLM", "DistilBertForSequenceClassification"};
constexpr GgufRename kRenames[] = {{"attn_q", "attention.self.query"},
                                   {"attn_k", "attention.self.key"},
                                   {"attn_v", "attention.self.value"},
                                   {"attn_output", "attention.output.dense"},
                                   {"attn_output_norm", "attention.output.LayerNorm"},
                                   {"ffn_up", "intermediate.dense"},
                                   {"ffn_down", "output.dense"},
                                   {"layer_output_norm", "output.LayerNorm"}};
constexpr GgufRename kModelRenames[] = {{"position_embd", "embeddings.position_embeddings"},
                                        {"token_types", "embeddings.token_type_embeddings"},
                                        {"token_embd_norm", "embeddings.LayerNorm"},
                                        {"cls", "classifier.dense"},
                                        {"cls.output", "classifier.out_proj"}};
constexpr GgufArchitecture kGguf[] = {{.name = "bert",
                                       .architecture = "BertModel",
                                       .model_type = "bert",
                                       .renames = kRenames,
                                       .model_renames = kModelRenames}};
constexpr std::string_view kComputes[] = {"is_causal", "classifier.output_labels"};
constexpr ConfigAlias kDistilAliases[] = {{"dim", "hidden_size"},
                                          {"n_layers", "num_hidden_layers"},
                                          {"n_heads", "num_attention_heads"},
                                          {"hidden_dim", "intermediate_size"},
                                          {"activation", "hidden_act"}};

// What the tensors of a layer are called, inside it.
struct LayerNames {
  std::string_view query, key, value, output, attention_norm, up, down, output_norm;
};
constexpr LayerNames kBertNames = {.query = "attention.self.query",
                                   .key = "attention.self.key",
                                   .value = "attention.self.value",
                                   .output = "attention.output.dense",
                                   .attention_norm = "attention.output.LayerNorm",
                                   .up = "intermediate.dense",
                                   .down = "output.dense",
                                   .output_norm = "output.LayerNorm"};
constexpr LayerNames kDistilNames = {.query = "attention.q_lin",
                                     .key = "attention.k_lin",
                                     .value = "attention.v_lin",
                                     .output = "attention.out_lin",
                                     .attention_norm = "sa_layer_norm",
                                     .up = "ffn.lin1",
                                     .down = "ffn.lin2",
                                     .output_norm = "output_layer_norm"};

void refuse_other_positions(const ConfigReader& config) {
  const std::string type = config.text("position_embedding_type", "absolute");
  if (type == "absolute") return;
  fail(ErrorCode::unsupported, "{}: {} is '{}', and only absolute positions are computed", config.file(),
       config.spelling("position_embedding_type"), type.substr(0, 100));
}

LayerSpec layer_of(const LayerNames& names, const std::string& layer, AttentionSpec attention, int width,
                   Activation activation, float epsilon) {
  const auto named = [&](std::string_view part) { return layer + "." + std::string(part); };
  const auto norm = [&](std::string_view part) { return NormSpec{named(part), epsilon, NormSpec::Kind::layer}; };
  attention.name = named("attention");
  attention.q = {.name = named(names.query)};
  attention.k = {.name = named(names.key)};
  attention.v = {.name = named(names.value)};
  attention.output = {.name = named(names.output)};
  return {.mixer = attention,
          .mixer_output_norm = norm(names.attention_norm),
          .mlp = PlainMlpSpec{.name = layer,
                              .up = {.name = named(names.up)},
                              .down = {.name = named(names.down)},
                              .width = width,
                              .activation = activation},
          .mlp_output_norm = norm(names.output_norm),
          .are_sums_normed = true};
}

// What a class for scores makes of the first row.
std::vector<VectorStepSpec> score_steps(const WeightSource& source, const std::string& architecture, int hidden) {
  using Function = VectorStepSpec::Function;
  const auto step = [&](const char* linear, Function function) {
    return VectorStepSpec{.linear = linear, .outputs = hidden, .function = function};
  };
  if (architecture.starts_with("DistilBert")) {
    return {step("pre_classifier", Function::relu), label_step(source, "classifier")};
  }
  if (source.container() == "gguf" || !architecture.starts_with("Bert")) {
    std::vector<VectorStepSpec> steps;
    if (source.find("classifier.dense.weight") != nullptr) steps.push_back(step("classifier.dense", Function::tanh));
    steps.push_back(label_step(source, "classifier.out_proj"));
    return steps;
  }
  return {step("pooler.dense", Function::tanh), label_step(source, "classifier")};
}

EncoderSpec describe(const WeightSource& source, EncoderInfo::Task task) {
  const std::string architecture = architecture_of(source);
  const bool is_distil = architecture.starts_with("DistilBert");
  const bool is_bert = architecture.starts_with("Bert") || is_distil;
  const ConfigReader plain(source);
  const ConfigReader config = is_distil ? plain.with(kDistilAliases) : plain;
  refuse_other_positions(config);
  EncoderSpec encoder;
  encoder.stack = describe_sizes(config);
  encoder.stack.is_causal = false;
  const int width = mlp_width(config);
  AttentionSpec attention = describe_attention(config, encoder.stack.hidden);
  attention.rope = AttentionSpec::kNoRope;
  const Activation activation = read_activation(config, "hidden_act", "gelu");
  const auto epsilon = static_cast<float>(config.number("layer_norm_eps", 0, 1, 1e-12));
  for (size_t layer = 0; layer < static_cast<size_t>(layer_count(config)); ++layer) {
    encoder.stack.layers.push_back(
        layer_of(is_distil ? kDistilNames : kBertNames, layer_name(layer), attention, width, activation, epsilon));
  }
  // Converters to GGUF leave out the positions that no token has.
  const bool has_offset = !is_bert && source.container() != "gguf";
  const int first = has_offset ? config.integer("pad_token_id", 0, encoder.stack.vocab - 1, 1) + 1 : 0;
  encoder.stack.context_max = std::max(1, encoder.stack.context_max - first);
  encoder.tokens_max = encoder.stack.context_max;
  encoder.embedding = {.table = "embeddings.word_embeddings",
                       .positions = "embeddings.position_embeddings",
                       .positions_first = first,
                       .norm = NormSpec{"embeddings.LayerNorm", epsilon, NormSpec::Kind::layer}};
  const WeightTensor* const segments = source.find("embeddings.token_type_embeddings.weight");
  if (segments != nullptr) {
    encoder.embedding.segments = "embeddings.token_type_embeddings";
    encoder.embedding.segment_count = segment_count(source, *segments);
  }
  encoder.pooling = {task == EncoderInfo::Task::score ? Pooling::cls : Pooling::mean};
  if (task == EncoderInfo::Task::score) encoder.steps = score_steps(source, architecture, encoder.stack.hidden);
  return encoder;
}

}  // namespace

extern const EncoderFamily bert;
constinit const EncoderFamily bert = {.name = "bert",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.embedding = "embeddings.word_embeddings", .gguf = kGguf},
                                      .computes = kComputes};

}  // namespace estoc
