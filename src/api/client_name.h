// Whose share of the machine a request uses.
#pragma once

#include <string>
#include <string_view>

namespace estoc::api {

// "key:<hash>" of the API key in an Authorization header (the scheme does not matter), else "user:<user>", else empty.
// A key wins over `user`: whoever holds one key cannot multiply its share by making up users. The key itself goes
// nowhere, and the hash is another in every process.
std::string client_name(std::string_view authorization, std::string_view user);

}  // namespace estoc::api
