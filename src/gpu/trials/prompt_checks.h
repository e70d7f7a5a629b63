// The kernels of prompts against references in double; see checks.h.
#pragma once

#include "gpu/source/attention_prompt.h"
#include "gpu/source/gemm.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

enum class GemmEndKind { store, residual, gated };
struct GemmCase {
  WeightForm form = WeightForm::bf16;
  GemmEndKind end = GemmEndKind::store;
  int rows = 128, columns = 128, count = 64;
  int tokens = 64;  // of a block
  int splits = 1, blocks = 1;
  int sample = 0;       // outputs to compare; 0: all
  bool is_mma = false;  // the emulator's gemm_mma_... (gemm.h)
  int cluster = 1;      // of so many of the blocks
  bool has_bias = false;
  bool is_gelu = false;  // gated: instead of silu
};
// With a bias where outputs are stored and the count is even.
Check check_gemm(const Device& device, const Module& module, const GemmCase& c, Random& random);
Trial gemm_trial(const Device& device, const Module& module, const GemmCase& c, Random& random, int copies = 1);

struct AttentionPromptCase {
  int head_dim = 128, heads = 4, kv_heads = 1;
  int context = 128, tokens = 128;  // positions in all, and how many of the last are query rows
  int window = 0;
  int sample = 0;       // (row, head) pairs to compare; 0: all
  bool is_mma = false;  // the emulator's attention_prompt_mma_...
  KvForm form = KvForm::bf16;
  int blocks_max = 0;  // 0: one a multiprocessor
  bool has_sinks = false;
  int width = 0;  // of the model's heads; 0: head_dim
  float softcap = 0;
  bool has_gate = false;
  int dimensions() const { return width > 0 ? width : head_dim; }
};
// By few blocks or by many.
Check check_attention_prompt(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random);
Trial attention_prompt_trial(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random);

Check check_token_norm(const Device& device, const Module& module, int rows, int columns, ColumnOrder order,
                       Random& random);
Trial token_norm_trial(const Device& device, const Module& module, int rows, int columns, ColumnOrder order,
                       Random& random);

// Activations in tiles, from and to plain rows.
std::vector<uint8_t> to_token_tiles(const std::vector<uint16_t>& rows, int count, int columns, int padded,
                                    ColumnOrder order);
double token_tile_value(const std::vector<uint8_t>& tiles, int columns, ColumnOrder order, int token, int column);

// The tiles of a prompt's last `tokens` tokens, for all KV heads, the longest first.
std::vector<AttentionPromptTile> attention_prompt_tiles(int position, int tokens, int group, int kv_heads);

}  // namespace estoc::gpu
