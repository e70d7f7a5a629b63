// The listening socket, by plain system calls.
// Threads: any. Errors: Error{io} "cannot listen on <host>:<port>: <reason>".
#pragma once

#include <cstdint>
#include <string>

namespace estoc::http {

// A non-blocking socket that listens on `host` (a name or an address) and `port` (0: any free one). The caller owns it.
int open_listen_socket(const std::string& host, uint16_t port);

// Why `host` is neither a known name nor an address; empty when it is one. May ask a name server.
std::string host_problem(const std::string& host);

// The port a socket is bound to.
uint16_t local_port(int fd);

// Accepts one waiting connection as a non-blocking socket without Nagle's delay, and names the peer ("127.0.0.1:5000",
// "[::1]:5000"). -1 when there is none (errno says why). The caller owns it.
int accept_peer(int listen_fd, std::string& remote);

// Lets this process open as many descriptors as its hard limit allows.
void raise_descriptor_limit();

}  // namespace estoc::http
