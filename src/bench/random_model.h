// Models with random weights, made by name: for timing, where only shapes and formats matter and no file is at hand.
//
// What: "random:llama-3.1-8b:q4_0" is the shape of that model with every matrix in the format and untied heads where it
// has them. Matrices with as many columns share their memory: a checkpoint of 16 GB takes a twentieth of that, and a
// place that keeps weights where they lie (float formats on CPUs) reads less memory than a real model's. The same name
// gives the same bytes.
// Ownership: owns its memory. Threads: immutable. Errors: Error{not_found} with the names that are known.
#pragma once

#include <memory>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

// Null when `model` does not begin with "random:".
std::unique_ptr<WeightSource> make_random_model(const std::string& model);

}  // namespace estoc
