// Text of an exact number of tokens: random words that the common vocabularies keep whole. Pure functions of the seed.
#pragma once

#include <cstdint>
#include <string>

namespace estoc {

// `count` words with single blanks between. Of one seed a shorter text is the beginning of a longer one.
std::string word_tokens(uint64_t seed, int count);

// The same behind what `text` holds, with a blank between.
void append_word_tokens(std::string& text, uint64_t seed, int count);

}  // namespace estoc
