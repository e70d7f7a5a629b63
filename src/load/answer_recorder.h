// Turns the answer to one streaming request into its record: what came, and when.
//
// Knows the event streams of OpenAI-compatible servers. A chunk counts as a token when it has text (of the answer, of
// reasoning, or a tool call); role-only and empty chunks do not. Counts come from `usage`; without it every chunk with
// text is one output token.
// Ownership: a value. Threads: one. Any bytes may come; what is no proper answer becomes RequestRecord::error.
#pragma once

#include <string>
#include <string_view>

#include "http/sse_parser.h"
#include "load/results.h"

namespace estoc {

class Json;

class AnswerRecorder {
 public:
  // `record` carries what is known when the request is sent.
  explicit AnswerRecorder(RequestRecord record) : record_(std::move(record)) {}

  // Bytes of the body, which arrived at `now_s` on the run's clock.
  void on_body(int status, std::string_view bytes, double now_s);
  // The answer's end. `error` is empty when HTTP had nothing to complain of.
  void on_end(int status, const std::string& error, double now_s);

  RequestRecord& record() { return record_; }
  const std::string& text() const { return text_; }  // of the answer, for the next turn

 private:
  void on_event(std::string_view data, double now_s);
  void take_choices(const Json& chunk, double now_s);
  void take_usage(const Json& usage);
  void add_token(double now_s);
  void set_error(std::string sentence);

  RequestRecord record_;
  http::SseParser events_;
  std::string text_;
  std::string refusal_;  // the body of an answer that is not 200
  double last_token_s_ = 0;
  int chunks_ = 0;
  bool has_usage_ = false, is_finished_ = false, is_done_ = false;
};

}  // namespace estoc
