// Files of tiktoken: a line for each token, its bytes in base64 and its rank, which is its id. Internal to the room.
// Throws Error{corrupt_file} with the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc {

// The bytes of the tokens by rank; ranks that are left out are empty.
std::vector<std::string> read_rank_file(std::string_view text, const std::string& source);

}  // namespace estoc
