// Youtu-LLM: latent attention before dense MLPs. GGUF files call it deepseek2.
// Source: transformers models/youtu (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/latent.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"YoutuForCausalLM"};
constexpr std::string_view kComputes[] = {"kv_lora_rank",     "partial_rotary_factor", "q_lora_rank",
                                          "qk_nope_head_dim", "qk_rope_head_dim",      "rope_interleave",
                                          "v_head_dim"};

DecoderSpec describe(const WeightSource& source) { return describe_latent(source); }

}  // namespace

extern const ModelFamily youtu;
constinit const ModelFamily youtu = {
    .name = "youtu", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
