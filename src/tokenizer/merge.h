// Byte-pair merging of one piece: again and again the neighbouring pair with the lowest rank (the leftmost of equals)
// becomes one symbol, until no pair merges.
//
// Pure function of its arguments. Short pieces are scanned (no allocation beyond the caller's vector); long ones use a
// heap, O(n log n) for n symbols, so that one piece of a megabyte stays cheap.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/flat_table.h"

namespace estoc {

// `symbols` in text order, replaced by what is left after merging. A negative symbol merges with nothing.
void merge_symbols(const PairTable& merges, std::vector<int32_t>& symbols);

// The same where two neighbours merge to the token that their text is, and ids are ranks, as tiktoken defines it: no
// table of pairs has to be made. `symbols` has one for each byte of `word`; no text in `texts` is very long.
void merge_texts(const TextTable& texts, std::string_view word, std::vector<int32_t>& symbols);

}  // namespace estoc
