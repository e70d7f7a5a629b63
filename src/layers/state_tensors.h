// Small tensors of layers with a recurrent state, in whatever shape files keep them.
// Throws Error{corrupt_file} where a tensor is missing or of another size.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "layers/load_context.h"

namespace estoc {

// A tensor of `count` numbers under the first of these names that the file has: some files keep vectors as columns.
std::vector<float> load_numbers(LoadContext& load, std::initializer_list<std::string> names, int64_t count);

// Of a convolution, stored [columns][1][width] or [columns][width]; computed with position by position.
std::vector<float> load_taps(LoadContext& load, const std::string& name, int64_t columns, int64_t width);

// How fast states decay, below 0: files of Hugging Face have the logarithm, `name`.A_log, GGUF files the number itself,
// `name`.A.
std::vector<float> load_rates(LoadContext& load, const std::string& name, int64_t count);

}  // namespace estoc
