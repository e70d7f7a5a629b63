#include "models/unused_tensors.h"

#include <gtest/gtest.h>

#include "base/thread_team.h"
#include "models/family.h"
#include "models/model.h"
#include "models/test_tiny_gguf.h"
#include "weights/gguf_source.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

void load_with(const std::string& tensor) {
  GgufWriter writer = TinyGguf::keys();
  TinyGguf::add_tensors(writer, 20);
  writer.add_tensor(tensor, {8});
  const std::string bytes = writer.text();
  const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules());
  ThreadTeam team(1);
  load_model(*source, team, {.compute = ComputeMode::exact});
}

TEST(UnusedTensors, OfALayerAndBiasesAreRefused) {
  for (const char* name : {"blk.0.attn_q_norm.weight", "blk.1.attn_sinks.weight", "blk.1.post_attention_norm.weight",
                           "blk.0.attn_norm.bias", "output_norm.bias", "token_embd_norm.bias"}) {
    expect_refused(ErrorCode::unsupported, std::string("m.gguf: tensor '") + name + "' is not computed with",
                   [&] { load_with(name); });
  }
}

TEST(UnusedTensors, OfNoLayerAreLeftAlone) {
  for (const char* name : {"blk.2.nextn.eh_proj.weight", "mm.0.weight", "blk.0.attn_rot_embd.weight",
                           "model.layers.0.self_attn.rotary_emb.inv_freq"}) {
    load_with(name);
  }
}

}  // namespace
}  // namespace estoc
