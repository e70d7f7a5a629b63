// The matrices of a mixture's experts, in whichever way a checkpoint keeps them, for gate and up and for down alike:
//
//   `experts`.E.`gate`.weight [width, hidden]            a tensor an expert
//   `experts`.`gate`.weight [experts, width, hidden]     stacked (GGUF)
//   `experts`.`gate_up` [experts, 2 width, hidden]       both stacked in one, with or without ".weight"; transposed or
//                                                        with their rows in turn where the spec says so
//   `experts`.`gate_up`_blocks and _scales               the same in MXFP4, 16 bytes and a scale for 32 columns
//
// Biases are stacked: `experts`.`gate`.bias or `experts`.`gate_up`_bias, and so on.
// Values: views of the checkpoint, which must outlive them. Wherever they are computed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "layers/moe_spec.h"
#include "weights/matrix_view.h"
#include "weights/weight_source.h"

namespace estoc {

// The same matrix of every expert: some rows of what files have for each.
struct ExpertRows {
  std::vector<MatrixView> views;  // all experts one after the other in one, or a view each
  int64_t stored = 0;             // rows of an expert in the file
  int64_t first = 0, count = 0, step = 1;

  bool is_one_view() const { return views.size() == 1; }
  // Of `number` experts from `expert` on; where there is a view each, of one.
  MatrixView of(int64_t expert, int64_t number = 1) const;
};

// A bias of every expert; `tensor` is null where there is none.
struct ExpertBias {
  const WeightTensor* tensor = nullptr;
  int64_t stored = 0, first = 0, count = 0, step = 1;

  // The tensor's element.
  int64_t element(int64_t expert, int64_t row) const { return expert * stored + first + row * step; }
};

struct ExpertTensors {
  std::optional<ExpertRows> gate;
  ExpertRows up, down;
  ExpertBias gate_bias, up_bias, down_bias;
};

// require(name, shape) is asked for every tensor, as a WeightSource or a LoadContext gives it.
using RequireTensor = std::function<const WeightTensor&(const std::string& name, std::span<const int64_t> shape)>;

// Throws Error{corrupt_file} where a tensor is missing or of another shape.
ExpertTensors find_experts(const WeightSource& source, const MoeSpec& spec, int hidden, const RequireTensor& require);

}  // namespace estoc
