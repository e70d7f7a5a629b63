// Where a server is, for whoever is its client: read from a URL, then looked up once.
// Ownership: values. Threads: any. Errors: Error{io} where nobody answers; a text that is no URL is no error here.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace estoc::http {

struct ServerAddress {
  std::string host;  // a name or an address, without brackets
  uint16_t port = 80;
  sockaddr_storage address{};  // of find_address
  socklen_t address_bytes = 0;

  // host:port as the Host header has it.
  std::string authority() const;
};

struct Url {
  ServerAddress server;
  std::string path;  // "" or from the slash on: "/proxy", without slashes at its end
};

// "http://HOST[:PORT][/PATH]"; nothing for all else: other schemes, users, queries, fragments, blanks.
std::optional<Url> parse_url(std::string_view text);

// Looks the host up and finds the address that answers, so that no request has to. Blocks, as long as the name server
// takes and 5 s an address. Throws Error{io}.
void find_address(ServerAddress& server);

// A non-blocking socket that is connecting to the address found, without Nagle's delay; -1 with errno set when the
// system refuses. The caller owns it.
int start_connection(const ServerAddress& server);

}  // namespace estoc::http
