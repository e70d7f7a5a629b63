// One connection of a Client: call after call. On the loop's thread only.
// Internal to http/.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "http/event_loop.h"
#include "http/response_reader.h"

namespace estoc::http {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  using Clock = AnswerSink::Clock;

  explicit ClientConnection(Client& client) : client_(client), timer_(client.loop_) {}

  // Connects where it has to, sends, and reports to the sink. Not while another call runs.
  void start_call(std::string request, std::shared_ptr<AnswerSink> sink, Clock::time_point deadline);
  void close();

 private:
  void connect();
  void on_connected();
  void send_more();
  void wait_for_answer();
  void on_readable();
  void on_bytes(std::string_view bytes);
  void on_closed_by_peer(const std::string& reason);
  void end_call(const std::string& error);

  Client& client_;
  std::optional<LoopSocket> socket_;
  LoopTimer timer_;
  ResponseReader reader_;
  std::string request_;
  size_t sent_bytes_ = 0;
  Clock::time_point deadline_;
  std::shared_ptr<AnswerSink> sink_;  // null: no call runs
  bool is_connected_ = false, is_read_awaited_ = false, is_closed_ = false;
  bool was_used_ = false;    // a call before this one went well
  bool has_answer_ = false;  // something of the current answer has come
};

}  // namespace estoc::http
