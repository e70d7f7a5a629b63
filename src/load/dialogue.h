// One conversation under way: sends its turns one after the other, each with the answers before it.
//
// Ownership: kept alive by its pending call or timer. Threads: the loop's. Errors: none; a turn that is refused or
// fails ends the conversation, and its record says why.
#pragma once

#include <memory>
#include <vector>

#include "http/client.h"
#include "load/answer_recorder.h"
#include "load/completion_request.h"
#include "load/target.h"
#include "load/workload.h"

namespace estoc {

// What a dialogue needs of the run it belongs to.
class DialogueHost {
 public:
  virtual ~DialogueHost() = default;
  virtual const Target& target() const = 0;
  virtual http::Client& client() = 0;
  virtual http::EventLoop& loop() = 0;
  virtual const RequestOptions& options() const = 0;
  virtual http::AnswerSink::Clock::time_point start() const = 0;  // where the run's clock is 0
  // Whether a turn that is due at this time is still sent.
  virtual bool wants_turn_at(double scheduled_s) const = 0;
  virtual void on_sent() = 0;
  virtual void on_record(RequestRecord record) = 0;
  // Whether a user waits for a while after a refusal or failure before the conversation counts as over.
  virtual bool rests_after_failure() const = 0;
  virtual void on_dialogue_end() = 0;
};

class Dialogue final : public http::AnswerSink, public std::enable_shared_from_this<Dialogue> {
 public:
  Dialogue(DialogueHost& host, Conversation conversation);

  // Sends the first turn, which was due at `scheduled_s` on the run's clock.
  void start(double scheduled_s) { send_turn(scheduled_s); }

  void on_body(int status, std::string_view bytes, Clock::time_point when) override;
  void on_end(int status, double retry_after_s, const std::string& error, Clock::time_point when) override;

 private:
  void send_turn(double scheduled_s);
  void rest(double retry_after_s);
  double seconds_at(Clock::time_point when) const;

  DialogueHost& host_;
  Conversation conversation_;
  std::vector<Message> messages_;
  size_t turn_ = 0;
  AnswerRecorder recorder_{RequestRecord()};
  http::LoopTimer timer_;  // of thinking and resting
};

}  // namespace estoc
