// Names of tensors in Hugging Face files, and what is left out.
#include "weights/hf_names.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(HfNames, OfTextModelsInBiggerCheckpoints) {
  EXPECT_EQ(hf_tensor_name("model.language_model.layers.0.x.weight"), "model.layers.0.x.weight");
  EXPECT_EQ(hf_tensor_name("language_model.model.layers.0.x.weight"), "model.layers.0.x.weight");
  EXPECT_EQ(hf_tensor_name("model.text_model.norm.weight"), "model.norm.weight");
  EXPECT_EQ(hf_tensor_name("language_model.lm_head.weight"), "lm_head.weight");
  EXPECT_EQ(hf_tensor_name("model.layers.0.visual.weight"), "model.layers.0.visual.weight");
  for (const char* name :
       {"vision_tower.a.weight", "model.visual.b.bias", "multi_modal_projector.c", "mtp.d", "model.image_newline"}) {
    EXPECT_EQ(hf_tensor_name(name), std::nullopt) << name;
  }
  EXPECT_EQ(other_part("model.visual.b.bias"), "visual");
  EXPECT_EQ(other_part("model.visually.b.bias"), "");
}

TEST(HfNames, OneFrameForAllFamilies) {
  EXPECT_EQ(hf_tensor_name("transformer.h.3.ln_1.bias"), "model.layers.3.ln_1.bias");
  EXPECT_EQ(hf_tensor_name("h.3.ln_1.bias"), "model.layers.3.ln_1.bias");
  EXPECT_EQ(hf_tensor_name("wpe.weight"), "model.embed_positions.weight");
  EXPECT_EQ(hf_tensor_name("gpt_neox.embed_in.weight"), "model.embed_tokens.weight");
  EXPECT_EQ(hf_tensor_name("embed_out.weight"), "lm_head.weight");
  EXPECT_EQ(hf_tensor_name("backbone.norm_f.weight"), "model.norm.weight");
  EXPECT_EQ(hf_tensor_name("model.final_layernorm.weight"), "model.norm.weight");
  EXPECT_EQ(hf_tensor_name("model.layers.0.mlp.h.weight"), "model.layers.0.mlp.h.weight");
}

}  // namespace
}  // namespace estoc
