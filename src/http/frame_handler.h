// What a service gives a connection that has left HTTP for a protocol of its own (Responder::upgrade).
//
// Ownership: the connection keeps it until it has called closed(). It may own the Responder, through which it answers:
// write() sends bytes as they are, finish() ends the connection once they are sent.
// Threads: the connection's, one call at a time. What it throws is logged and ends the connection.
#pragma once

#include <string_view>

namespace estoc::http {

class FrameHandler {
 public:
  virtual ~FrameHandler() = default;

  // Bytes of the peer, in whatever pieces they came; those it sent behind its request are the first. False: it is to
  // wait until Responder::resume(). It waits as well while ServerConfig::upgraded_unsent_max bytes for it are unsent.
  virtual bool receive(std::string_view bytes) = 0;

  // The server is stopping: say goodbye and finish(). A connection that is open after the server's grace is closed.
  virtual void stop() = 0;

  // The connection is over, whoever ended it. Once, and the last call.
  virtual void closed() = 0;
};

}  // namespace estoc::http
