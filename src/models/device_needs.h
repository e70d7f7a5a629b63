// What a device needs for a model beside its weights, known before anything is loaded.
//
// Pure. Errors: as describing the model.
#pragma once

#include <cstdint>

#include "weights/weight_source.h"

namespace estoc {

// What layers that are not all alike, mixtures of experts and mixers with fixed states, compute in with batches of so
// many rows. No less than any of the model's layers take.
uint64_t device_part_bytes(const WeightSource& weights, int rows);

// Numbers of a head's key that a device keeps, which may be more than the model's.
int device_head_dim(int head_dim);

}  // namespace estoc
