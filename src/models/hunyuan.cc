// The dense Hunyuan family: Llama's decoder with an RMS norm over each query and key head after the rotation.
// Source: transformers models/hunyuan_v1_dense (5.23); checked against tests/golden/.
#include "models/hunyuan.h"

#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"HunYuanDenseV1ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.query_layernorm"},
                                   {"attn_k_norm", "self_attn.key_layernorm"}};
constexpr GgufArchitecture kGguf[] = {{.name = "hunyuan-dense",
                                       .architecture = "HunYuanDenseV1ForCausalLM",
                                       .model_type = "hunyuan_v1_dense",
                                       .renames = kRenames}};
constexpr std::string_view kComputes[] = {"use_qk_norm"};  // it always has them

}  // namespace

DecoderSpec describe_hunyuan(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(source);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    attention.q_norm = NormSpec{attention.name + ".query_layernorm", decoder.norm.epsilon};
    attention.k_norm = NormSpec{attention.name + ".key_layernorm", decoder.norm.epsilon};
    attention.is_norm_last = true;
  }
  return decoder;
}

extern const ModelFamily hunyuan;
constinit const ModelFamily hunyuan = {.name = "hunyuan",
                                       .architectures = kArchitectures,
                                       .describe = describe_hunyuan,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
