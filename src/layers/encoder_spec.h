// What an encoder is, as data: what stands before a stack of layers and what is made of the rows behind it. A family
// makes it from a config (models/encoder_family.h). Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "layers/layer_spec.h"

namespace estoc {

// A token's row: table[token] * scale, plus its position's and its segment's where there are such tables, and the norm
// of that.
struct TextEmbeddingSpec {
  std::string table;        // `table`.weight [vocab, hidden]
  std::string positions;    // `positions`.weight [positions_first + positions_max, hidden]; empty for none
  int positions_first = 0;  // the row of a text's first token
  std::string segments;     // `segments`.weight [segment_count, hidden]; empty for none
  int segment_count = 0;    // a file's is that of all tokens where there is one only
  std::optional<NormSpec> norm = {};
};

// How one vector is made of a text's rows; several of them stand side by side.
enum class Pooling {
  cls,            // the first row
  max,            // of each column
  mean,           // the sum by the number of rows
  mean_sqrt_len,  // the sum by its root
  weighted_mean,  // of rows that weigh 1, 2, 3, ...
  last,           // the last row
};

// What is done with such a vector: norm(f(linear x)), each where there is one.
struct VectorStepSpec {
  enum class Function { none, tanh, relu, gelu, gelu_tanh, silu, sigmoid };
  std::string linear = {};  // `linear`.weight [outputs, inputs] and its bias, if any; empty: no product
  int outputs = 0;
  std::string folder = {};  // beside the checkpoint, of files of its own; empty: it is in the checkpoint
  // Instead of the tensor its rows, all of them or the difference of two: [row] or [row, subtracted].
  std::vector<int> rows = {};
  int tensor_rows = 0;  // where `rows` are chosen
  Function function = Function::none;
  std::optional<NormSpec> norm = {};
};

struct EncoderSpec {
  DecoderSpec stack;  // its norm is behind the last layer where has_norm
  TextEmbeddingSpec embedding;
  bool has_norm = false;
  int tokens_max = 0;  // of a text
  std::vector<Pooling> pooling;
  std::vector<VectorStepSpec> steps;
  bool is_normalized = false;  // to a length of 1, behind the steps

  int pooled_width() const { return stack.hidden * static_cast<int>(pooling.size()); }
};

}  // namespace estoc
