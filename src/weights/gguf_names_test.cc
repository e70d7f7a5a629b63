#include "weights/gguf_names.h"

#include <gtest/gtest.h>

#include "weights/test_naming_rules.h"

namespace estoc {
namespace {

GgufNaming naming(std::string_view architecture) { return gguf_naming(architecture, test_naming_rules(), "m.gguf"); }

TEST(GgufNames, AreTranslatedByTheCommonTable) {
  const GgufNaming llama = naming("llama");
  const auto name = [&](std::string_view gguf) { return hugging_face_name(gguf, llama); };
  EXPECT_EQ(name("token_embd.weight"), "model.embed_tokens.weight");
  EXPECT_EQ(name("output.weight"), "lm_head.weight");
  EXPECT_EQ(name("output_norm.weight"), "model.norm.weight");
  EXPECT_EQ(name("blk.3.attn_q.weight"), "model.layers.3.self_attn.q_proj.weight");
  EXPECT_EQ(name("blk.31.attn_k.bias"), "model.layers.31.self_attn.k_proj.bias");
  EXPECT_EQ(name("blk.0.attn_output.weight"), "model.layers.0.self_attn.o_proj.weight");
  EXPECT_EQ(name("blk.0.ffn_norm.weight"), "model.layers.0.post_attention_layernorm.weight");
  EXPECT_EQ(name("blk.0.ffn_down.weight"), "model.layers.0.mlp.down_proj.weight");
  for (const std::string_view same :
       {"rope_freqs.weight", "blk.x.attn_q.weight", "blk..attn_q.weight", "blk.-1.attn_q.weight",
        "blk.1x.attn_q.weight", "blk.99999999999999999999.attn_q.weight", "blk.0", "blk.", "blk.0.new_thing.weight",
        "blk.0.attn_q_norm.weight", "token_embd_more.weight", ""}) {
    EXPECT_EQ(name(same), same);
  }
}

TEST(GgufNames, OfAFamilyGoBeforeTheCommonOnes) {
  const GgufNaming plain = naming("plain");
  EXPECT_EQ(hugging_face_name("token_embd.weight", plain), "words.weight");
  EXPECT_EQ(hugging_face_name("output.weight", plain), "words_out.weight");
  EXPECT_EQ(hugging_face_name("blk.0.ffn_up.weight", plain), "model.layers.0.mlp.gate_up_proj.weight");
  EXPECT_EQ(hugging_face_name("blk.0.attn_q_norm.weight", plain), "model.layers.0.self_attn.q_norm.weight");
  EXPECT_EQ(hugging_face_name("blk.0.ffn_gate.weight", plain), "model.layers.0.mlp.gate_proj.weight");
}

TEST(GgufNames, MayChangeTheirEnds) {
  const GgufNaming llama = naming("llama"), plain = naming("plain");
  EXPECT_EQ(hugging_face_name("blk.1.exp_probs_b.bias", llama), "model.layers.1.mlp.gate.e_score_correction_bias");
  EXPECT_EQ(hugging_face_name("blk.1.exp_probs_b.weight", llama), "blk.1.exp_probs_b.weight");
  EXPECT_EQ(hugging_face_name("blk.0.ffn_gate_inp.scale", plain), "model.layers.0.router.scale");
  EXPECT_EQ(hugging_face_name("blk.0.ffn_gate_inp.weight", plain), "model.layers.0.mlp.gate.weight");
  EXPECT_EQ(hugging_face_name("blk.0.ffn_norm", plain), "model.layers.0.pre_norm.weight");
  EXPECT_EQ(hugging_face_name("token_embd_norm.weight", plain), "words_norm.weight");
  EXPECT_EQ(hugging_face_name("token_embd_norm.weight", llama), "token_embd_norm.weight");
}

TEST(GgufNames, OfLayersComeApart) {
  const auto tensor = gguf_layer_tensor("blk.12.attn_q.bias");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->layer, 12);
  EXPECT_EQ(tensor->part, "attn_q");
  EXPECT_EQ(tensor->kind, ".bias");
  EXPECT_FALSE(gguf_layer_tensor("output.weight"));
}

}  // namespace
}  // namespace estoc
