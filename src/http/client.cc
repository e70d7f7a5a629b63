#include "http/client.h"

#include <utility>

#include "base/check.h"
#include "http/client_connection.h"

namespace estoc::http {

Client::~Client() {
  ESTOC_CHECK(connections_.empty() || loop_.is_own_thread());
  close();
}

void Client::send(std::string request, std::shared_ptr<AnswerSink> sink, Clock::time_point deadline) {
  std::shared_ptr<ClientConnection> connection;
  if (idle_.empty()) {
    connection = std::make_shared<ClientConnection>(*this);
    connections_.insert(connection);
  } else {
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  connection->start_call(std::move(request), std::move(sink), deadline);
}

void Client::close() {
  idle_.clear();
  for (const auto& connection : std::exchange(connections_, {})) connection->close();
}

}  // namespace estoc::http
