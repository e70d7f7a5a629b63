// The launches of a step, put on the device's stream in order: the one place that knows how layers are cut into kernels
// (docs/GPU.md).
//
// What: steps of few rows, one of each sequence, are projections of 1 to 16 rows whose norms and ends are fused; all
// others are products over tiles of tokens, with the attention of either kind. Ownership: borrows everything. Threads:
// one. Errors: throw Error{io}.
#pragma once

#include <compare>
#include <functional>

#include "gpu/source/attention_prompt.h"
#include "gpu/source/linear.h"
#include "gpu/source/sample.h"
#include "gpu/source/state_rows.h"
#include "gpu/source/weights_ahead.h"
#include "gpu_layers/gpu_buffers.h"

namespace estoc {

// Up to so many sequences that decode together are steps of few rows one after the other: reading codes twice takes
// less time than making bf16 of them for a tile of 64 tokens (H100, 8B and 4 bits: 2.1 ms for 8, 7.9 for a tile).
int narrow_rows(const GpuWeights& weights);

// Whether the device's image has the kernels of prompts for all matrices of these weights.
bool has_prompt_kernels(const gpu::Accelerator& device, const GpuWeights& weights);

// One new position of each of `rows` sequences. What changes between steps of the same shape is
// behind the pointers.
struct DecodeShape {
  int rows = 1;
  int positions = 0;  // of the longest sequence at most, a multiple of 16
  auto operator<=>(const DecodeShape&) const = default;
};
struct DecodeInputs {
  const gpu::SampleRow* samples = nullptr;  // [row]
  const gpu::u32* tokens = nullptr;         // [row]; not read without an embedding: then the residual has the rows
  const int* positions = nullptr;           // [row]
  std::vector<const gpu::u32*> tables;      // [pool] of [row][table_stride_of(shape, pool)] block ids, or states
};
// A row's table has the blocks that it sees of a pool, from gpu::attention_first_block on.
int table_stride_of(const DecodeShape& shape, const GpuKvPool& pool);
// Leaves logits and tokens of every row, or without a head the residual. Up to kGpuDecodeRows rows.
void launch_decode(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const DecodeShape& shape, const DecodeInputs& inputs);

// The same for any number of rows, where the device has the kernels of prompts.
void launch_wide_decode(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const DecodeShape& shape, const DecodeInputs& inputs);

// Any rows of any sequences.
struct PromptInputs {
  int rows = 0;
  const gpu::u32* tokens = nullptr;   // as above
  const int* positions = nullptr;     // [row]
  const int* table_starts = nullptr;  // [row] where the ids of the row's sequence begin in `tables`
  const gpu::SequenceRows* sequences = nullptr;
  int sequence_count = 0;
  const int* first_rows = nullptr;      // [row] of the row's sequence
  std::vector<const gpu::u32*> tables;  // [pool], of fixed states one id a sequence; blocks before
                                        // gpu::attention_prompt_first_block are not looked up
  const gpu::AttentionPromptTile* tiles = nullptr;
  int tile_count = 0;
  const gpu::SampleRow* samples = nullptr;  // [picked]
  const int* picks = nullptr;               // [picked] the rows whose logits are wanted
  int picked = 0;
  // A row's bits do not depend on the others: products add up all their columns in one order, whatever their number of
  // rows, and so does the head. Attention and what takes rows one by one do in any case.
  bool is_invariant = false;
};
// Leaves logits and tokens of every picked row, or without a head the residual of all.
void launch_prompt(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const PromptInputs& inputs);

// Rows of the residual by token, ready for the first layer's projection.
void launch_embedding(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                      const gpu::u32* tokens, int rows);
// Tokens of a step that the one before has chosen for rows `picks` of its own.
void launch_chosen_tokens(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                          const int* picks, gpu::u32* tokens, int rows);
// Picked rows of the residual, all of them in order where `picks` is null, ready for a projection behind this norm.
void launch_select_rows(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const int* picks, int rows, size_t norm, bool may_overlap);
// What a part has left in `part` enters the residual of so many rows. `next_norm` stands before a projection of few
// rows that follows; null: none does.
void launch_addition(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                     const GpuAddition& addition, int rows, const float* next_norm);
// What an MLP without a gate has raised becomes rows, or with `is_tiled` token tiles, for its other product.
void launch_activation(const gpu::Accelerator& device, const GpuBuffers& buffers, const GpuDenseMlp& mlp, int rows,
                       bool is_tiled);
// A projection of up to kGpuDecodeRows rows: "store", "residual" or "gated". Returns its blocks, which is how many
// parts of the sums of squares a residual leaves.
int launch_linear(const gpu::Accelerator& device, const GpuMatrix& matrix, const char* end,
                  const gpu::LinearArguments& arguments);

// The attention of one new position a row. Its output is rows, or with `output_tiles` token tiles so many columns wide.
void launch_decode_attention(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const DecodeShape& shape, const DecodeInputs& inputs, const GpuLayer& layer,
                             const GpuMixer& mixer, gpu::WeightsAhead ahead, int output_tiles, gpu::ColumnOrder order);

// How a step goes through mixers other than attention, be it one new row of each sequence or any rows.
struct MixerStep {
  int rows = 0, sequences = 0;
  std::vector<const gpu::u32*> tables = {};  // [pool]
  std::vector<int> table_strides = {};       // [pool], of one row each; not read for prompts
  gpu::StateRows state_rows = {};            // without states and tables
  int reach = 0;                             // positions of the longest sequence; 0: its splits are one
  bool is_tiled = false;                     // products read token tiles, not rows
  // f32 rows of this many floats, `bias` may be null.
  std::function<void(const GpuMatrix& matrix, const gpu::Buffer& inputs, float* output, int stride, const float* bias)>
      product = {};
  // As products with a matrix read rows.
  gpu::TokenRows inputs_of(const GpuMatrix& matrix, const gpu::Buffer& to) const;
};
// Without `product`.
MixerStep mixer_step(const GpuBuffers& buffers, const DecodeShape& shape, const DecodeInputs& inputs, bool is_tiled);
MixerStep mixer_step(const PromptInputs& inputs);
// What such a mixer does between its first projections and its last; leaves that one's inputs.
void launch_mixer(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                  const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer);
void launch_state_mixer(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer);
void launch_latent_attention(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer);

// Where the gates of attention are that queries, keys and values stand before; of rows as the layer's.
const float* attention_gate(const GpuWeights& weights, const GpuBuffers& buffers);

// Of all, at the end: logits of rows whose inputs and squares are ready, and tokens of them.
void launch_head(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers, int rows,
                 int square_parts, const gpu::SampleRow* samples);
// Tokens of rows whose logits are there.
void launch_sampling(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers, int rows,
                     const gpu::SampleRow* samples);

}  // namespace estoc
