// The Llama family: Llama 2 and 3.x, Mistral, SmolLM2, TinyLlama. Pre-norm decoder with grouped-query attention, rotary
// embedding in half layout, SwiGLU, tied or untied head.
// Source: transformers models/llama and models/mistral (5.23); checked against tests/golden/.
#include <cmath>
#include <optional>

#include "base/error.h"
#include "layers/embedding.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "ops/elementwise.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "MistralForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "llama", .architecture = "LlamaForCausalLM", .model_type = "llama", .has_interleaved_heads = true}};
constexpr int kSizeMax = 1 << 20;

}  // namespace

ModelInfo describe_llama(const WeightSource& source, std::string_view family) {
  const ConfigReader config(source);
  ModelInfo info;
  info.family = family;
  info.layers = config.integer("num_hidden_layers", 1, 1024);
  info.hidden = config.integer("hidden_size", 1, kSizeMax);
  info.ffn = config.integer("intermediate_size", 1, kSizeMax);
  info.heads = config.integer("num_attention_heads", 1, 4096);
  info.kv_heads = config.integer("num_key_value_heads", 1, info.heads, info.heads);
  info.head_dim = config.integer("head_dim", 2, kernels::kHeadDimMax, info.hidden / info.heads);
  info.vocab = config.integer("vocab_size", 1, 16 << 20);
  info.context_max = config.integer("max_position_embeddings", 1, 1 << 30, 2048);
  if (info.heads % info.kv_heads != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {} and {} is {}: heads cannot share key/value heads evenly", config.file(),
         config.spelling("num_attention_heads"), info.heads, config.spelling("num_key_value_heads"), info.kv_heads);
  }
  if (info.head_dim % 2 != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {}, expected an even number", config.file(), config.spelling("head_dim"),
         info.head_dim);
  }
  const std::string activation = config.text("hidden_act", "silu");
  if (activation != "silu") {
    fail(ErrorCode::unsupported, "{}: hidden_act '{}' is not supported in this family (silu is)", config.file(),
         activation.substr(0, 100));
  }
  info.kv.assign(static_cast<size_t>(info.layers),
                 {info.kv_heads, info.head_dim, config.integer("sliding_window", 0, 1 << 30, 0)});
  return info;
}

DecoderShape llama_shape(const WeightSource& source, const ModelInfo& info) {
  const ConfigReader config(source);
  return {.hidden = info.hidden,
          .ffn = info.ffn,
          .heads = info.heads,
          .kv_heads = info.kv_heads,
          .head_dim = info.head_dim,
          .norm_eps = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6)),
          .attention_scale = 1.0f / std::sqrt(static_cast<float>(info.head_dim))};
}

namespace {

class Llama final : public Model {
 public:
  Llama(LoadContext& load, const ModelInfo& info, const DecoderShape& shape, int rows_max)
      : info_(info),
        compute_(load.compute),
        shape_(shape),
        embedding_(load, std::string(load.naming.embedding), info.vocab, info.hidden),
        rope_(load, info.head_dim),
        norm_(load_vector(load, "model.norm.weight", info.hidden)),
        work_(shape_, static_cast<int>(kv_windows(info.kv).size()), rows_max, compute_.team.thread_count(),
              std::max({info.hidden, info.ffn, info.heads * info.head_dim})) {
    blocks_.reserve(static_cast<size_t>(info.layers));
    for (int layer = 0; layer < info.layers; ++layer) {
      const auto index = static_cast<size_t>(layer);
      DecoderShape layer_shape = shape_;
      layer_shape.window = info.kv[index].window;
      layer_shape.group = kv_group_of(info.kv, index);
      if (groups_.size() == static_cast<size_t>(layer_shape.group)) groups_.push_back(info.kv[index]);
      blocks_.emplace_back(load, "model.layers." + std::to_string(layer), layer_shape, layer);
    }
    const bool is_tied = load.source.find(load.naming.head_weight()) == nullptr;
    head_.emplace(load, std::string(is_tied ? load.naming.embedding : load.naming.head), info.vocab, info.hidden);
  }

  const ModelInfo& info() const override { return info_; }

  void forward(const Batch& batch, KvStorage& kv, float* logits) override {
    embedding_.forward(batch.tokens, work_.hidden);
    rope_.angles(batch, work_.cos, work_.sin);
    for (size_t group = 0; group < groups_.size(); ++group) {
      work_.plans[group].prepare(batch, groups_[group], shape_.heads, groups_[group].window,
                                 compute_.team.thread_count(), static_cast<int>(group));
    }
    sampled_.select(batch);
    for (size_t layer = 0; layer + 1 < blocks_.size(); ++layer) blocks_[layer].forward(compute_, kv, work_);
    blocks_.back().forward(compute_, kv, work_, sampled_.are_all() ? nullptr : &sampled_);

    rms_norm(compute_, work_.hidden, norm_, shape_.norm_eps, work_.hidden);
    const Product product{&head_->weight(), {logits, info_.vocab}};
    matmul(compute_, work_.hidden, {&product, 1}, work_.decoded);
  }

 private:
  ModelInfo info_;
  Compute compute_;
  DecoderShape shape_;
  Embedding embedding_;
  Rope rope_;
  std::vector<float> norm_;
  std::vector<DecoderBlock> blocks_;
  std::vector<KvLayerSpec> groups_;  // what the layers of each group keep
  std::optional<Linear> head_;
  Workspace work_;
  SampledRows sampled_;
};

ModelInfo describe(const WeightSource& source) { return describe_llama(source, "llama"); }

std::unique_ptr<Model> build(LoadContext& load, const ModelInfo& info, int rows_max) {
  return build_llama(load, info, llama_shape(load.source, info), rows_max);
}

}  // namespace

std::unique_ptr<Model> build_llama(LoadContext& load, const ModelInfo& info, const DecoderShape& shape, int rows_max) {
  return std::make_unique<Llama>(load, info, shape, rows_max);
}

extern const ModelFamily llama;
constinit const ModelFamily llama = {
    .name = "llama", .architectures = kArchitectures, .describe = describe, .build = build, .naming = {.gguf = kGguf}};

}  // namespace estoc
