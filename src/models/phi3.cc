// The Phi-3 family: Phi-3, 3.5 and 4, with 4-mini. Llama's decoder with queries, keys and values in one tensor and gate
// and up in another; the mini ones turn part of a head and have frequencies for long sequences.
// Source: transformers models/phi3 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Phi3ForCausalLM"};
constexpr std::string_view kComputes[] = {"partial_rotary_factor"};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(source);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    const int64_t queries = int64_t{attention.heads} * attention.head_dim;
    const int64_t keys = int64_t{attention.kv_heads} * attention.head_dim;
    const MatrixSpec qkv = {.name = attention.name + ".qkv_proj", .tensor_rows = queries + 2 * keys};
    attention.q = attention.k = attention.v = qkv;
    attention.k.first_row = queries;
    attention.v.first_row = queries + keys;
    auto& mlp = std::get<GatedMlpSpec>(layer.mlp);
    mlp.gate = mlp.up = {.name = mlp.name + ".gate_up_proj", .tensor_rows = 2 * int64_t{mlp.width}};
    mlp.up.first_row = mlp.width;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily phi3;
constinit const ModelFamily phi3 = {
    .name = "phi3", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
