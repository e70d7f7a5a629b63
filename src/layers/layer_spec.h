// What the layers of a decoder are, as data: a family makes it from a config, a stack (layers/decoder_stack.h) computes
// it. Typed parts, each with the name under which a checkpoint keeps its weights; all tensors are found by Hugging
// Face's names. Values.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tensor/state_layout.h"

namespace estoc {

// x / rms(x) * weight.
struct RmsNormSpec {
  std::string name;  // `name`.weight
  float epsilon = 0;
};

// Rotary positions: radians a position for each pair (i, i + half) of a head.
struct RopeSpec {
  std::vector<float> frequencies;  // [half]
  std::string factors;             // the tensor they were made with, if any
};

// Grouped-query attention over paged keys and values: q_proj, k_proj, v_proj and `output`, with biases where there are
// any.
struct AttentionSpec {
  std::string name;
  std::string output = "o_proj";
  int heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 0;                            // of q . k
  int window = 0;                             // positions a token sees, itself included; 0 for all
  int rope = 0;                               // into DecoderSpec::ropes
  std::optional<RmsNormSpec> q_norm, k_norm;  // over each head, before the rotation
};

// A gated causal convolution over few positions, whose last inputs are its state: b, gate, v = in_proj x;
// out_proj(gate * conv(b * v)), with biases where there are any.
struct ShortConvSpec {
  std::string name;
  int width = 0;  // positions, the present one included
};

// `down`(silu(`gate` x) * `up` x).
struct GatedMlpSpec {
  std::string name;
  std::string gate = "gate_proj", up = "up_proj", down = "down_proj";
  int width = 0;
};

// x += mixer(input_norm(x)); x += mlp(mlp_norm(x)).
struct LayerSpec {
  RmsNormSpec input_norm;
  std::variant<AttentionSpec, ShortConvSpec> mixer;
  RmsNormSpec mlp_norm;
  std::variant<GatedMlpSpec> mlp;
};

// Embedding, layers, norm, head. What embedding and head are called is in the family's NamingRules.
struct DecoderSpec {
  int hidden = 0;
  int vocab = 0;                                 // rows of the head; may exceed the tokenizer's count
  int context_max = 0;                           // positions the model was trained for
  RmsNormSpec norm;     // before the head
  std::vector<RopeSpec> ropes;
  std::vector<LayerSpec> layers;
};

// What its layers keep of the past.
StateLayout state_layout(const DecoderSpec& decoder);

}  // namespace estoc
