// One client connection: reads requests, hands them to the handler, writes the answers in order.
//
// Ownership: the worker's set of connections, and every wait under way. Threads: the worker's loop only.
// Life: reading -> answering -> reading ... -> lingering -> closed; a service may make of answering -> upgraded, and
// then the bytes are its own (http/frame_handler.h) until it is lingering or closed. While an answer is awaited or
// written the socket is read on, so that a peer that goes away (also by closing only its sending side) is noticed at
// once.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "http/bulk_pace.h"
#include "http/event_loop.h"
#include "http/exchange.h"
#include "http/request_reader.h"
#include "http/service.h"

namespace estoc::http {

class Connection;

// A loop with its connections. All but `loop` belongs to the loop's thread.
struct Worker {
  std::shared_ptr<EventLoop> loop = std::make_shared<EventLoop>();
  std::unique_ptr<BulkPace> pace = std::make_unique<BulkPace>(*loop);  // of all its connections together
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::vector<char> scratch = std::vector<char>(64 << 10);  // where every connection reads into first
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Takes fd. `worker` outlives the connection.
  Connection(Worker& worker, std::shared_ptr<Service> service, std::unique_ptr<ConnectionSlot> slot, int fd,
             std::string remote);

  // Joins the worker's set and waits for a request.
  void start();
  // Joins the worker's set, answers `status` to nobody in particular and ends.
  void refuse(int status, std::string_view message);
  // Closes at once when no answer is under way; else after it (Service::is_stopping is set). The handler of an upgraded
  // one is told.
  void close_when_idle();
  // Closes now; the peer counts as gone for a running answer.
  void close();

 private:
  using Clock = EventLoop::Clock;
  enum class Phase { reading, answering, upgraded, lingering, closed };

  void on_wake();
  void on_readable();
  void read();
  void on_end_of_input();
  void on_timer();

  // Does all that can be done now, then waits for the next event.
  void advance();
  // Each does one step; false when there is nothing more to do without an event.
  bool flush();
  bool read_request();
  bool take_answer();

  void start_answer(ReadRequest read);
  void start_frames();
  void end_answer();
  void answer_error(int status, std::string_view message);
  void start_lingering();

  bool holds_input() const;
  bool reads_bulk() const;
  void wait_for_events();
  Clock::time_point deadline() const;
  void set_timer();

  Worker& worker_;
  const std::shared_ptr<Service> service_;
  std::unique_ptr<ConnectionSlot> slot_;
  const std::string remote_;
  LoopSocket socket_;
  LoopTimer timer_;
  RequestReader reader_;
  std::shared_ptr<Exchange> exchange_;  // while answering

  std::string out_;        // being sent
  size_t sent_bytes_ = 0;  // of out_
  Phase phase_ = Phase::reading;
  bool has_input_ended_ = false;
  bool has_output_ended_ = false;
  bool is_read_awaited_ = false;
  bool is_write_awaited_ = false;
  bool is_failure_awaited_ = false;
  Clock::time_point phase_start_;    // of reading: of the wait for a request, then of the request
  Clock::time_point last_progress_;  // when bytes of out_ were last taken by the system
  Clock::time_point timer_time_ = Clock::time_point::max();  // when the timer goes off
};

}  // namespace estoc::http
