// Byte-pair merging of one piece: again and again the neighbouring pair with the lowest rank (the leftmost of equals)
// becomes one symbol, until no pair merges.
//
// Pure function of its arguments. Short pieces are scanned (no allocation beyond the caller's vector); long ones use a
// heap, O(n log n) for n symbols, so that one piece of a megabyte stays cheap.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/flat_table.h"

namespace estoc {

// `symbols` in text order, replaced by what is left after merging. A negative symbol merges with nothing.
void merge_symbols(const PairTable& merges, std::vector<int32_t>& symbols);

}  // namespace estoc
