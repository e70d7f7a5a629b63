// What the layers of a decoder are, as data: a family makes it from a config, a stack (layers/decoder_stack.h) computes
// it. Typed parts, each with the name under which a checkpoint keeps its weights; all tensors are found by Hugging
// Face's names. Values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "layers/moe_spec.h"
#include "ops/activation.h"
#include "tensor/state_layout.h"

namespace estoc {

// Where the rows of a matrix are: all of `name`.weight, or of a tensor that several matrices share. `name`.bias, where
// the file has it, is shared in the same way.
struct MatrixSpec {
  std::string name;
  int64_t first_row = 0;
  int64_t tensor_rows = 0;                   // 0: the tensor is this matrix
  int64_t group_rows = 0, group_stride = 0;  // groups of so many rows begin so far apart; 0: one piece
  bool is_transposed = false;                // the file keeps [columns, rows]
};

// rms: x / rms(x) * weight. layer: (x - mean(x)) / deviation(x) * weight + bias, with a bias where the file has one.
struct NormSpec {
  enum class Kind { rms, layer };
  std::string name;  // `name`.weight; empty: no weight
  float epsilon = 0;
  Kind kind = Kind::rms;
  float weight_offset = 0;  // 1 where files keep what is to be added to one
};

// Rotary positions: radians a position for each pair of a head, of as many dimensions as there are pairs for; the rest
// of a head stays as it is.
struct RopeSpec {
  std::vector<float> frequencies;  // [pairs]
  std::string factors;             // the tensor they were made with, if any
  float magnitude = 1;             // of cos and sin
  bool is_interleaved = false;     // pairs (2i, 2i + 1) instead of (i, i + pairs)
  // Instead of `frequencies` where sequences may grow beyond `long_from` positions; empty where that makes no
  // difference.
  std::vector<float> long_frequencies;
  int long_from = 0;
};

// Norms of queries and keys: over each head with weights [head_dim] that heads share or [heads][head_dim] of their own
// (one tensor, or `name`.norms.0.weight and so on), or over the whole projection with [heads * head_dim].
enum class HeadNormSpan { head, head_own, projection };

// Grouped-query attention over paged keys and values, with biases where there are any.
struct AttentionSpec {
  std::string name;  // for messages
  MatrixSpec q, k, output;
  MatrixSpec v;                    // without a name: values are k x, as it is before its norm and rotation
  std::optional<MatrixSpec> gate;  // as q: what heads answer is multiplied by sigmoid(gate x)
  int heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 0;                         // of q . k
  float clip = 0;                          // queries, keys and values are kept within -clip and clip; 0: as they are
  float softcap = 0;                       // c: scores become c tanh(score / c); 0 for none
  int window = 0;                          // positions a token sees, itself included; 0 for all
  int kv_layer = kOwnKv;                   // the layer before whose keys and values it reads, making none
  int rope = 0;                            // into DecoderSpec::ropes; kNoRope: positions are not told
  std::optional<NormSpec> q_norm, k_norm;  // before the rotation unless is_norm_last
  HeadNormSpan norm_span = HeadNormSpan::head;
  bool is_norm_last = false;
  std::optional<float> v_norm_epsilon;  // an RMS norm without weight over each head of v
  // Queries at position p are multiplied by 1 + growth ln(1 + floor(p / period)); a growth of 0 for none.
  float position_growth = 0;
  int position_period = 1;
  std::string sinks;  // a tensor [heads]: logits that only add to the softmax's sum; empty for none

  static constexpr int kNoRope = -1, kOwnKv = -1;

  // Whose keys and values it reads as a part of `layer`.
  int state_layer(int layer) const { return kv_layer == kOwnKv ? layer : kv_layer; }
};

// Multi-head latent attention: what is kept of a position is one vector that all heads share, [norm(c) | turned key],
// where kv_a x = [c | key]. A head's query is [q | part], of which the part turns; its key and value are K norm(c) and
// V norm(c); scores are scale (q . K norm(c) + part . key). Queries are q_proj x, or q_b_proj norm(q_a_proj x).
struct LatentAttentionSpec {
  // q_proj or q_a_proj, q_a_layernorm and q_b_proj, kv_a_proj_with_mqa, kv_a_layernorm, kv_b_proj (for each head the
  // rows of K, then those of V) or k_b_proj and v_b_proj, and o_proj are under it; biases where there are any.
  std::string name;
  int heads = 0;
  int q_rank = 0;                  // what queries are compressed to; 0: they are not
  int latent_dim = 0;              // of c
  int key_dim = 0, value_dim = 0;  // of a head, without what turns
  int rope_dim = 0;                // of the part that turns
  float epsilon = 1e-6f;           // of both norms
  float scale = 0;
  int rope = 0;               // into DecoderSpec::ropes
  float position_growth = 0;  // as AttentionSpec's
  int position_period = 1;

  int64_t kept() const { return int64_t{latent_dim} + rope_dim; }
};

// A gated causal convolution over few positions, whose last inputs are its state: b, gate, v = in_proj x;
// out_proj(gate * conv(b * v)), with biases where there are any.
struct ShortConvSpec {
  std::string name;
  int width = 0;  // positions, the present one included
};

// A gated delta net: heads with a memory, a matrix, that forgets and is corrected (ops/delta_net.h). Queries, keys and
// values go through a causal convolution with SiLU; output(norm of each head's answer * silu(z x)).
struct GatedDeltaSpec {
  std::string name;  // for messages
  MatrixSpec q, k, v, z, a, b, output;
  std::string conv;        // a tensor [columns of q, k and v][1][conv_width]
  std::string decay_rate;  // a tensor [value_heads]: its logarithm, or minus the rate where it is negated
  std::string decay_bias;  // a tensor [value_heads]
  bool is_rate_negated = false;
  NormSpec norm;  // over each head
  int key_heads = 0, value_heads = 0;
  bool are_heads_in_turn = false;  // value heads that share a key head stand key_heads apart, not side by side
  int key_dim = 0, value_dim = 0;  // of a head
  int conv_width = 0;              // positions, the present one included
};

// Mamba-2: z, x, b, c, dt = in_proj u; x, b, c = silu(conv1d(x, b, c)); y = the state space layer of kernels/ssd.h with
// steps softplus(dt + dt_bias) and rates -exp(A_log); out_proj(norm(y * silu(z))). Biases where there are any. The
// state is the last inputs of the convolution and [heads][state_size][head_dim] numbers, in f32.
struct Mamba2Spec {
  std::string name;  // in_proj, conv1d, dt_bias, A_log, D, norm and out_proj are under it
  int heads = 0, head_dim = 0;
  int groups = 0;  // of heads that share b and c; the norm is over each group
  int state_size = 0;
  int conv_width = 0;                             // positions, the present one included
  float step_min = 0, step_max = 0;               // what steps are kept within
  bool has_norm = true;                           // else the gate alone
  bool is_gate_first = true;                      // or else norm(y) * silu(z)
  float epsilon = 0;                              // of the norm
  std::array<float, 5> scales = {1, 1, 1, 1, 1};  // of z, x, b, c and dt as they are projected

  int64_t conv_columns() const { return int64_t{heads} * head_dim + 2 * int64_t{groups} * state_size; }
  int64_t conv_bytes() const { return int64_t{conv_width - 1} * conv_columns() * static_cast<int64_t>(sizeof(float)); }
  int64_t state_bytes() const {
    return conv_bytes() + int64_t{heads} * head_dim * state_size * static_cast<int64_t>(sizeof(float));
  }
};

// Mamba: x, z = in_proj u; x = silu(conv1d(x)); dt, b, c = x_proj x; y = the state space layer of
// kernels/selective_scan.h with raw steps dt_proj dt and rates -exp(A_log), one for each column and number of its
// state; out_proj(y * silu(z)). Biases where there are any. The state is the last inputs of the convolution and
// `state_size` numbers for each column, in f32.
struct MambaSpec {
  std::string name;  // in_proj, conv1d, x_proj, dt_proj, A_log, D and out_proj are under it
  int columns = 0;
  int state_size = 0;
  int step_rank = 0;   // of dt
  int conv_width = 0;  // positions, the present one included
  // RMS norms over each of dt, b and c, with weights dt_layernorm, b_layernorm and c_layernorm, or without.
  std::optional<float> norm_epsilon;
  bool has_norm_weights = false;

  int64_t conv_bytes() const { return int64_t{conv_width - 1} * columns * static_cast<int64_t>(sizeof(float)); }
  int64_t state_bytes() const;
};

// down(f(gate_scale * gate x) * up x).
struct GatedMlpSpec {
  std::string name;  // for messages
  MatrixSpec gate, up, down;
  int width = 0;
  Activation activation = Activation::silu;
  float gate_scale = 1;
};

// down(f(up x)).
struct PlainMlpSpec {
  std::string name;  // for messages
  MatrixSpec up, down;
  int width = 0;
  Activation activation = Activation::gelu;
  // Instead of it xIELU (ops/elementwise.h), with alpha_p, alpha_n, beta and eps as files have them: tensors under this
  // name (empty for none), or numbers.
  std::string xielu;
  std::optional<std::array<float, 4>> xielu_numbers = {};
};

// x += norm(projection(f(gate x) * input)), where the input is a token's own for each layer (PerLayerInputSpec).
struct LayerInputSpec {
  MatrixSpec gate, projection;
  NormSpec norm;
  Activation activation = Activation::gelu_tanh;
};

// Inputs of `width` that tokens have for every layer: (norm(projection e / sqrt(hidden)) + sqrt(width) table[token]) /
// sqrt(2), where e is the scaled embedding. Both matrices have those of all layers side by side.
struct PerLayerInputSpec {
  std::string table;       // `table`.weight [vocab, layers * width]
  std::string projection;  // `projection`.weight [layers * width, hidden]
  NormSpec norm;           // over each layer's
  int vocab = 0;
  int width = 0;
};

// monostate: the layer is its MLP alone.
using MixerSpec = std::variant<AttentionSpec, LatentAttentionSpec, GatedDeltaSpec, MambaSpec, Mamba2Spec, ShortConvSpec,
                               std::monostate>;
// monostate: the layer is its mixer alone.
using MlpSpec = std::variant<std::monostate, GatedMlpSpec, PlainMlpSpec, MoeSpec>;

// A mixture beside a layer's MLP, which reads the same rows: what the layer adds is
// mlp_output_norm(mlp_norm(mlp's result) + output_norm(moe(input_norm(x)))).
struct SideMixtureSpec {
  MoeSpec moe;
  NormSpec input_norm, output_norm, mlp_norm;
};

// x += output_norm(part(input_norm(x))) for the mixer and then for the MLP, each norm where there is one; what they add
// is multiplied by `residual_scale` and the part's own scale. With are_sums_normed it is x = output_norm(x + part(x)).
struct LayerSpec {
  std::optional<NormSpec> input_norm = {};
  MixerSpec mixer;
  // Beside the mixer: it reads the same, and what both make is added. It has a fixed state, which stands behind the
  // states of all layers' mixers (second_state).
  std::optional<MixerSpec> second_mixer = {};
  std::optional<NormSpec> mixer_output_norm = {};
  std::optional<NormSpec> mlp_norm = {};
  MlpSpec mlp = {};
  std::optional<NormSpec> mlp_output_norm = {};
  std::optional<SideMixtureSpec> side_mixture = {};  // with an mlp_output_norm only
  // The MLP reads what the layer was given, not what the mixer has made of it: by its own norm, or else the mixer's.
  bool is_parallel = false;
  bool are_sums_normed = false;
  float residual_scale = 1;
  float mixer_scale = 1, second_scale = 1, mlp_scale = 1;
  std::optional<LayerInputSpec> input = {};  // after the MLP
  std::string output_scale = {};             // a tensor [1] that the layer's result is multiplied by; empty for none
};

// Embedding, layers, norm, head. What embedding and head are called is in the family's NamingRules.
struct DecoderSpec {
  int hidden = 0;
  int vocab = 0;        // rows of the head; may exceed the tokenizer's count
  int context_max = 0;  // positions the model was trained for
  float embedding_scale = 1;
  std::string positions;  // a table [context_max, hidden] added to the embedding; empty for none
  NormSpec norm;          // before the head
  float logit_scale = 1;
  float logit_softcap = 0;  // after the scale; 0 for none
  std::vector<RopeSpec> ropes;
  std::optional<PerLayerInputSpec> per_layer_input;  // of the layers that have an `input`
  std::vector<LayerSpec> layers;
  // false: in a batch, which then has whole sequences, tokens see what comes behind them, too: all of it, or with a
  // window the positions that are less than that away to either side.
  bool is_causal = true;
};

// What its layers keep of the past: a state a layer, then one for each second mixer. `is_passing`: see StateLayout.
StateLayout state_layout(const DecoderSpec& decoder, bool is_passing = false);
// The number of the state of a layer's second mixer, which it must have.
int second_state(const DecoderSpec& decoder, int layer);

}  // namespace estoc
