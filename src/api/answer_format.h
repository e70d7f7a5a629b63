// How one kind of answer is written: whole, and as a stream of server-sent events.
//
// What: the frame both OpenAI shapes share (id, created, model, choices, usage). An endpoint derives from it and writes
// what differs inside one choice. Streamed events are composed by appending to a string: this runs for every token.
// Threads: immutable after construction. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/choice.h"
#include "api/timings.h"
#include "api/usage.h"

namespace estoc::api {

struct AnswerHead {
  std::string id;       // "chatcmpl-.."
  int64_t created = 0;  // seconds since 1970
  std::string model;
  std::string fingerprint;  // empty gives null
  bool include_usage = false;
  bool include_timings = false;
};

struct WholeChoice {
  Piece piece;
  ChoiceEnd end;
};

class AnswerFormat {
 public:
  // `object` and `chunk_object` are the names of the whole answer and of a streamed part ("chat.completion.chunk").
  AnswerFormat(const AnswerHead& head, std::string_view object, std::string_view chunk_object);
  virtual ~AnswerFormat() = default;

  // Each appends nothing or one event "data: {...}\n\n". The start comes once a choice, before its first piece.
  void append_start(std::string& out, int index) const;
  void append_piece(std::string& out, int index, const Piece& piece) const;
  // `timings` with the end of the last choice, null before; written when they were asked for and no usage follows.
  void append_end(std::string& out, int index, const ChoiceEnd& end, const Timings* timings) const;
  // The last chunk, without choices; only for a stream that asked for the usage.
  void append_usage(std::string& out, const Usage& usage, const Timings& timings) const;

  std::string whole(const std::vector<WholeChoice>& choices, const Usage& usage, const Timings& timings) const;

 protected:
  // Fields of a choice object, without index and finish_reason: `"text":"..","logprobs":null`.
  // The first chunk of a choice; false when this kind of answer has none.
  virtual bool append_start_fields(std::string& out) const = 0;
  virtual void append_piece_fields(std::string& out, const Piece& piece) const = 0;
  virtual void append_end_fields(std::string& out) const = 0;
  virtual void append_whole_fields(std::string& out, const Piece& piece) const = 0;

 private:
  void open_chunk(std::string& out, int index) const;
  void close_chunk(std::string& out, const Timings* timings = nullptr) const;
  void append_timings(std::string& out, const Timings& timings) const;

  bool include_usage_, include_timings_;
  std::string whole_head_;  // up to and with `"choices":[`
  std::string chunk_head_;
};

// The end of every stream.
inline constexpr std::string_view kStreamDone = "data: [DONE]\n\n";

}  // namespace estoc::api
