// Tokens that end an answer whatever a model's files say of them, known by their spelling.
//
// Files often name the end of a text and leave out the end of a turn, which chat models write: their generation would
// run on to the token limit. Pure functions; nothing is thrown.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

// The well-known ends that are tokens of this vocabulary, in the order of the list.
std::vector<TokenId> well_known_ends(const Tokenizer& tokenizer);

// Whether a token of this spelling is a control token even where the vocabulary calls it an ordinary one.
bool is_control_spelling(std::string_view spelling);

}  // namespace estoc
