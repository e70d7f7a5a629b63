// A number that stands for the content of a model's files, cheap enough to take at every start.
//
// It covers the size and both times of every file, every byte before the tensors (the whole header), what the tensors
// are, and a few pages out of each. The times catch a file that was changed where it lies, whatever its writer did to
// the modification time; the header and the pages catch another file in its place when the times are too coarse to
// tell. A copy of a file has another fingerprint than the original: that costs a packing, never a wrong answer.
// Threads: any. Throws nothing.
#pragma once

#include <cstdint>

#include "weights/weight_source.h"

namespace estoc {

// Releases the mapped pages it looked at. For a model in memory there are no times: only the content counts.
uint64_t fingerprint_of(const WeightSource& source);

// False when one of the files is not what it was when the source opened it.
bool is_unchanged(const WeightSource& source);

}  // namespace estoc
