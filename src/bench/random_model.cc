#include "bench/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "base/error.h"
#include "quant/f8.h"
#include "tensor/page_memory.h"
#include "weights/memory_source.h"

namespace estoc {
namespace {

struct Shape {
  std::string_view name;
  std::string_view architecture, model_type;
  int layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
  double theta, epsilon;
  bool is_tied;
  bool has_head_norms;
  int delta_heads = 0;  // above 0: three of four layers are gated delta nets of so many heads, and attention has gates
  int experts = 0, chosen = 0;  // whose width is ffn; none: a plain MLP
  bool is_latent = false;       // DeepSeek's attention, and a dense layer before experts and shared ones
};

// FP8 as the hub has it: blocks of so many rows and columns share a scale, embeddings and heads are bf16.
constexpr int64_t kScaleBlock = 128;
constexpr float kCodeSpread = 100;  // of codes, which reach to 448

constexpr int kLatentDim = 512, kTurnedDim = 64, kDenseWidth = 10944, kSharedExperts = 2;
constexpr int kDeltaDim = 128, kDeltaWidth = 4, kDeltaInterval = 4;

constexpr Shape kShapes[] = {
    {"tiny", "LlamaForCausalLM", "llama", 2, 128, 4, 2, 64, 192, 512, 2048, 1e4, 1e-5, true, false},  // of nobody
    {"smollm2-135m", "LlamaForCausalLM", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, 1e5, 1e-5, true, false},
    {"llama-3.2-1b", "LlamaForCausalLM", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, 5e5, 1e-5, true, false},
    {"llama-3.1-8b", "LlamaForCausalLM", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, 5e5, 1e-5, false, false},
    {"qwen3-0.6b", "Qwen3ForCausalLM", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, 1e6, 1e-6, true, true},
    {"qwen3-1.7b", "Qwen3ForCausalLM", "qwen3", 28, 2048, 16, 8, 128, 6144, 151936, 40960, 1e6, 1e-6, true, true},
    {"qwen3-8b", "Qwen3ForCausalLM", "qwen3", 36, 4096, 32, 8, 128, 12288, 151936, 40960, 1e6, 1e-6, false, true},
    {"qwen3.5-0.8b", "Qwen3_5ForCausalLM", "qwen3_5_text", 24, 1024, 8, 2, 256, 3584, 248320, 262144, 1e7, 1e-6, true,
     true, 16},
    {"qwen3-30b-a3b", "Qwen3MoeForCausalLM", "qwen3_moe", 48, 2048, 32, 4, 128, 768, 151936, 40960, 1e6, 1e-6, false,
     true, 0, 128, 8},
    // A quarter of its layers, for machines that cannot hold them all.
    {"qwen3-30b-a3b-cut", "Qwen3MoeForCausalLM", "qwen3_moe", 12, 2048, 32, 4, 128, 768, 151936, 40960, 1e6, 1e-6,
     false, true, 0, 128, 8},
    {"gpt-oss-20b", "GptOssForCausalLM", "gpt_oss", 24, 2880, 64, 8, 64, 2880, 201088, 131072, 15e4, 1e-5, false, false,
     0, 32, 4},
    {"lfm2-1.2b", "Lfm2ForCausalLM", "lfm2", 16, 2048, 32, 8, 64, 8192, 65536, 128000, 1e6, 1e-5, true, true},
    // Six of its 27 layers.
    {"deepseek-v2-lite-cut", "DeepseekV2ForCausalLM", "deepseek_v2", 6, 2048, 16, 16, 128, 1408, 102400, 163840, 1e4,
     1e-6, false, false, 0, 64, 6, true},
    // A twelfth of its layers.
    {"gpt-oss-20b-cut", "GptOssForCausalLM", "gpt_oss", 2, 2880, 64, 8, 64, 2880, 201088, 131072, 15e4, 1e-5, false,
     false, 0, 32, 4},
};

class RandomModel final : public MemorySource {
 public:
  RandomModel(std::string path, const Shape& shape, const QuantFormat& format);

  uint64_t file_bytes() const override { return file_bytes_; }

 private:
  void add(const std::string& name, std::vector<int64_t> shape, const QuantFormat& format);
  void add_attention(const std::string& name, const Shape& shape, const QuantFormat& format);
  void add_latent_attention(const std::string& name, const Shape& shape, const QuantFormat& format);
  void add_mlp(const std::string& name, int64_t hidden, int64_t width, const QuantFormat& format);
  void add_delta_net(const std::string& name, const Shape& shape, const QuantFormat& format);
  void add_lfm2(const Shape& shape, const QuantFormat& format);
  void add_experts(const Shape& shape, const std::string& layer, const QuantFormat& format);
  void fill();

  uint64_t file_bytes_ = 0;
  std::map<std::pair<const QuantFormat*, int64_t>, PageMemory> memory_;  // by format and columns
  std::map<int64_t, std::vector<float>> scales_;                          // of FP8, by columns
};

RandomModel::RandomModel(std::string path, const Shape& shape, const QuantFormat& format)
    : MemorySource(std::move(path), "random") {
  config_.set("architectures", Json::Array{std::string(shape.architecture)});
  config_.set("model_type", std::string(shape.model_type));
  config_.set("hidden_size", shape.hidden);
  config_.set("num_hidden_layers", shape.layers);
  config_.set("num_attention_heads", shape.heads);
  config_.set("num_key_value_heads", shape.kv_heads);
  config_.set("head_dim", shape.head_dim);
  config_.set("intermediate_size", shape.ffn);
  config_.set("vocab_size", shape.vocab);
  config_.set("max_position_embeddings", shape.context);
  config_.set("rope_theta", shape.theta);
  config_.set("rms_norm_eps", shape.epsilon);
  config_.set("tie_word_embeddings", shape.is_tied);
  if (shape.delta_heads > 0) {
    config_.set("linear_num_key_heads", shape.delta_heads);
    config_.set("linear_num_value_heads", shape.delta_heads);
    config_.set("linear_key_head_dim", kDeltaDim);
    config_.set("linear_value_head_dim", kDeltaDim);
    config_.set("linear_conv_kernel_dim", kDeltaWidth);
    config_.set("full_attention_interval", kDeltaInterval);
  }
  if (shape.is_latent) {
    config_.set("kv_lora_rank", kLatentDim);
    config_.set("qk_nope_head_dim", shape.head_dim);
    config_.set("qk_rope_head_dim", kTurnedDim);
    config_.set("v_head_dim", shape.head_dim);
    config_.set("intermediate_size", kDenseWidth);
    config_.set("moe_intermediate_size", shape.ffn);
    config_.set("n_shared_experts", kSharedExperts);
    config_.set("first_k_dense_replace", 1);
  }
  const int64_t hidden = shape.hidden;
  const bool is_gpt_oss = shape.model_type == "gpt_oss";
  if (shape.experts > 0) {
    config_.set("num_experts", shape.experts);
    config_.set("num_experts_per_tok", shape.chosen);
    config_.set("norm_topk_prob", !shape.is_latent);
  }
  if (is_gpt_oss) config_.set("sliding_window", 128);
  add("model.embed_tokens.weight", {shape.vocab, hidden}, format);
  if (shape.model_type == "lfm2") {
    add_lfm2(shape, format);
    return;
  }
  if (!shape.is_tied) add("lm_head.weight", {shape.vocab, hidden}, format);
  add("model.norm.weight", {hidden}, f32);
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer) + ".";
    add(name + "input_layernorm.weight", {hidden}, f32);
    if (shape.delta_heads > 0 && (layer + 1) % kDeltaInterval != 0) {
      add_delta_net(name + "linear_attn.", shape, format);
    } else if (shape.is_latent) {
      add_latent_attention(name + "self_attn.", shape, format);
    } else {
      add_attention(name + "self_attn.", shape, format);
    }
    add(name + "post_attention_layernorm.weight", {hidden}, f32);
    if (shape.is_latent && layer == 0) {
      add_mlp(name + "mlp.", hidden, kDenseWidth, format);
    } else if (shape.experts > 0) {
      add_experts(shape, name, format);
      if (shape.is_latent) add_mlp(name + "mlp.shared_experts.", hidden, kSharedExperts * shape.ffn, format);
    } else {
      add_mlp(name + "mlp.", hidden, shape.ffn, format);
    }
  }
  fill();
}

// Three of eight layers attend, the others are short convolutions; all names are the family's own.
void RandomModel::add_lfm2(const Shape& shape, const QuantFormat& format) {
  constexpr int kWidth = 3;
  const int64_t hidden = shape.hidden, query = int64_t{shape.heads} * shape.head_dim,
                key = int64_t{shape.kv_heads} * shape.head_dim;
  Json::Array kinds;
  add("model.embedding_norm.weight", {hidden}, f32);
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer) + ".", attention = name + "self_attn.";
    const bool attends = layer % 8 == 2 || layer % 8 == 5 || layer % 8 == 7;
    kinds.emplace_back(std::string(attends ? "full_attention" : "conv"));
    add(name + "operator_norm.weight", {hidden}, f32);
    add(name + "ffn_norm.weight", {hidden}, f32);
    if (attends) {
      add(attention + "q_proj.weight", {query, hidden}, format);
      add(attention + "k_proj.weight", {key, hidden}, format);
      add(attention + "v_proj.weight", {key, hidden}, format);
      add(attention + "out_proj.weight", {hidden, query}, format);
      add(attention + "q_layernorm.weight", {shape.head_dim}, f32);
      add(attention + "k_layernorm.weight", {shape.head_dim}, f32);
    } else {
      add(name + "conv.in_proj.weight", {3 * hidden, hidden}, format);
      add(name + "conv.out_proj.weight", {hidden, hidden}, format);
      add(name + "conv.conv.weight", {hidden, 1, kWidth}, f32);
    }
    add(name + "feed_forward.w1.weight", {shape.ffn, hidden}, format);
    add(name + "feed_forward.w3.weight", {shape.ffn, hidden}, format);
    add(name + "feed_forward.w2.weight", {hidden, shape.ffn}, format);
  }
  config_.set("conv_L_cache", kWidth);
  config_.set("norm_eps", shape.epsilon);
  config_.set("block_auto_adjust_ff_dim", false);
  config_.set("layer_types", std::move(kinds));
  fill();
}

void RandomModel::add_mlp(const std::string& name, int64_t hidden, int64_t width, const QuantFormat& format) {
  add(name + "gate_proj.weight", {width, hidden}, format);
  add(name + "up_proj.weight", {width, hidden}, format);
  add(name + "down_proj.weight", {hidden, width}, format);
}

// Keys and values of latents apart by heads, as GGUF files have them.
void RandomModel::add_latent_attention(const std::string& name, const Shape& shape, const QuantFormat& format) {
  const int64_t hidden = shape.hidden, heads = shape.heads, head = shape.head_dim;
  add(name + "q_proj.weight", {heads * (head + kTurnedDim), hidden}, format);
  add(name + "kv_a_proj_with_mqa.weight", {kLatentDim + kTurnedDim, hidden}, format);
  add(name + "kv_a_layernorm.weight", {kLatentDim}, f32);
  add(name + "k_b_proj.weight", {heads, kLatentDim, head}, format);
  add(name + "v_b_proj.weight", {heads, head, kLatentDim}, format);
  add(name + "o_proj.weight", {hidden, heads * head}, format);
}

void RandomModel::add_attention(const std::string& name, const Shape& shape, const QuantFormat& format) {
  const int64_t hidden = shape.hidden, query = int64_t{shape.heads} * shape.head_dim,
                key = int64_t{shape.kv_heads} * shape.head_dim;
  add(name + "q_proj.weight", {shape.delta_heads > 0 ? 2 * query : query, hidden}, format);
  add(name + "k_proj.weight", {key, hidden}, format);
  add(name + "v_proj.weight", {key, hidden}, format);
  add(name + "o_proj.weight", {hidden, query}, format);
  if (shape.model_type == "gpt_oss") {
    add(name + "sinks", {shape.heads}, f32);
    add(name + "q_proj.bias", {query}, f32);
    add(name + "k_proj.bias", {key}, f32);
    add(name + "v_proj.bias", {key}, f32);
    add(name + "o_proj.bias", {hidden}, f32);
  }
  if (!shape.has_head_norms) return;
  add(name + "q_norm.weight", {shape.head_dim}, f32);
  add(name + "k_norm.weight", {shape.head_dim}, f32);
}

void RandomModel::add_delta_net(const std::string& name, const Shape& shape, const QuantFormat& format) {
  const int64_t hidden = shape.hidden, heads = shape.delta_heads, columns = heads * kDeltaDim;
  add(name + "in_proj_qkv.weight", {3 * columns, hidden}, format);
  add(name + "in_proj_z.weight", {columns, hidden}, format);
  add(name + "in_proj_b.weight", {heads, hidden}, format);
  add(name + "in_proj_a.weight", {heads, hidden}, format);
  add(name + "out_proj.weight", {hidden, columns}, format);
  add(name + "conv1d.weight", {3 * columns, 1, kDeltaWidth}, f32);
  add(name + "A_log", {heads}, f32);
  add(name + "dt_bias", {heads}, f32);
  add(name + "norm.weight", {kDeltaDim}, f32);
}

// Stacked, as GGUF files have them. The router is random, too, or all rows would go to the same experts.
void RandomModel::add_experts(const Shape& shape, const std::string& layer, const QuantFormat& format) {
  const bool is_gpt_oss = shape.model_type == "gpt_oss";
  const std::string experts = layer + "mlp.experts.";
  add(layer + (is_gpt_oss ? "mlp.router.weight" : "mlp.gate.weight"), {shape.experts, shape.hidden}, bf16);
  if (is_gpt_oss) add(layer + "mlp.router.bias", {shape.experts}, f32);
  for (const char* matrix : {"gate_proj", "up_proj", "down_proj"}) {
    const bool is_down = std::string_view(matrix) == "down_proj";
    const int rows = is_down ? shape.hidden : shape.ffn, columns = is_down ? shape.ffn : shape.hidden;
    add(experts + matrix + ".weight", {shape.experts, rows, columns}, format);
    if (is_gpt_oss) add(experts + matrix + ".bias", {shape.experts, rows}, f32);
  }
}

void RandomModel::add(const std::string& name, std::vector<int64_t> shape, const QuantFormat& format) {
  WeightTensor& tensor = tensors_.emplace_back();
  tensor.name = tensor.source_name = name;
  tensor.file = path();
  const bool is_kept = name.find("embed_tokens") != std::string::npos || name.find("lm_head") != std::string::npos;
  tensor.format = &format == &f8_e4m3 && is_kept ? &bf16 : &format;
  tensor.shape = std::move(shape);
}

void RandomModel::fill() {
  std::map<std::pair<const QuantFormat*, int64_t>, uint64_t> bytes;
  const auto bytes_of = [](const WeightTensor& tensor) {
    return static_cast<uint64_t>(tensor.rows() * tensor.format->row_bytes(tensor.columns()));
  };
  for (const WeightTensor& tensor : tensors_) {
    uint64_t& most = bytes[{tensor.format, tensor.columns()}];
    most = std::max(most, bytes_of(tensor));
    file_bytes_ += bytes_of(tensor);
  }
  std::mt19937_64 random(1);
  for (const auto& [key, most] : bytes) {
    const auto& [format, columns] = key;
    // Enough rows that neither a cache nor a pattern helps; then the same again.
    const bool is_vector = format == &f32;
    const int64_t rows = is_vector ? 1 : std::max<int64_t>(1, (int64_t{1} << 22) / columns);
    const float spread = 1 / std::sqrt(static_cast<float>(columns));
    std::normal_distribution<float> draw(is_vector ? 1.0f : 0.0f, is_vector               ? 0.1f
                                                                  : format == &f8_e4m3 ? kCodeSpread
                                                                                         : spread);
    if (format == &f8_e4m3) {
      const int64_t across = (columns + kScaleBlock - 1) / kScaleBlock;
      const int64_t down = (static_cast<int64_t>(most) / columns + kScaleBlock - 1) / kScaleBlock;
      scales_.emplace(columns, std::vector<float>(static_cast<size_t>(down * across), spread / kCodeSpread));
    }
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (float& value : values) value = draw(random);
    std::vector<std::byte> some(static_cast<size_t>(format->row_bytes(rows * columns)));
    format->encode(values.data(), some.data(), rows * columns);
    PageMemory memory(most, "random weights");
    for (uint64_t at = 0; at < most; at += some.size()) {
      std::memcpy(memory.data() + at, some.data(), std::min<uint64_t>(some.size(), most - at));
    }
    memory_.emplace(key, std::move(memory));
  }
  for (WeightTensor& tensor : tensors_) {
    tensor.bytes = {memory_.at({tensor.format, tensor.columns()}).data(), bytes_of(tensor)};
    if (tensor.format != &f8_e4m3) continue;
    tensor.scales = {.format = &f32,
                     .bytes = std::as_bytes(std::span(scales_.at(tensor.columns()))),
                     .block_rows = kScaleBlock,
                     .block_columns = kScaleBlock,
                     .columns = (tensor.columns() + kScaleBlock - 1) / kScaleBlock};
  }
}

}  // namespace

std::unique_ptr<WeightSource> make_random_model(const std::string& model) {
  constexpr std::string_view kPrefix = "random:";
  if (!model.starts_with(kPrefix)) return nullptr;
  const size_t colon = model.find(':', kPrefix.size());
  const std::string_view name = std::string_view(model).substr(kPrefix.size(), colon - kPrefix.size());
  const QuantFormat* format =
      colon == std::string::npos ? &bf16 : find_format(std::string_view(model).substr(colon + 1));
  const auto* shape = std::ranges::find(kShapes, name, &Shape::name);
  if (shape == std::end(kShapes) || format == nullptr || format->encode == nullptr ||
      shape->hidden % format->block_count != 0) {
    std::string known;
    for (const Shape& each : kShapes) known += (known.empty() ? "" : ", ") + std::string(each.name);
    fail(ErrorCode::not_found,
         "there is no model '{}': expected random:SHAPE:FORMAT with one of {}, and a format like q4_0", model, known);
  }
  return std::make_unique<RandomModel>(model, *shape, *format);
}

}  // namespace estoc
