// Whose share of the machine a request uses, and with whom it shares cached prompts.
#pragma once

#include <string>
#include <string_view>

namespace estoc::api {

// "key:<hash>" of the API key in an Authorization header (the scheme does not matter), else "user:<user>", else empty.
// A key wins over `user`: whoever holds one key cannot multiply its share by making up users. The key itself goes
// nowhere, and the hash is another in every process.
std::string client_name(std::string_view authorization, std::string_view user);

// What its keys and values are kept apart by: "<client>/<salt>" for a client with an API key, so that by default
// holders of different keys share none (the time of a first token tells what is cached); "/<salt>" or empty for those
// without.
std::string cache_salt(const std::string& client, std::string_view asked);

}  // namespace estoc::api
