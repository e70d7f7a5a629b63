// Bytes of one HTTP/1.x answer to its status and body. No sockets: feed it any pieces, the same answer comes out.
//
// Owned by one connection, used by one thread. Anything may be fed: what is no answer becomes State::broken with one
// sentence, after which nothing more is read. Interim answers (1xx) are skipped. Holds one line at most, the body is
// the caller's. Throws only std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace estoc::http {

class ResponseReader {
 public:
  // Of the lines between pieces of the body: status line and headers, the line of a chunk, the trailers.
  static constexpr size_t kHeadBytesMax = size_t{64} << 10;
  // Of one length that is stated; keeps sums of them far from overflow.
  static constexpr uint64_t kBodyBytesMax = uint64_t{1} << 40;

  enum class State { head, body, done, broken };

  // Reads on and appends what belongs to the body to `body`. Bytes behind the answer's end break a reuse of the
  // connection, not the answer: keeps_alive() turns false.
  State feed(std::string_view bytes, std::string& body);
  // The peer has closed: that is the end of a body without a stated length, and broken anywhere else.
  State end();

  State state() const;
  int status() const { return status_; }  // 0 until the status line is read
  // Another request may follow on the connection; after State::done.
  bool keeps_alive() const { return keeps_alive_; }
  // Of a `Retry-After` in seconds; 0 when there is none.
  double retry_after_s() const { return retry_after_s_; }
  const std::string& error() const { return error_; }

 private:
  enum class Part { status_line, header, sized_body, chunk_size, chunk, chunk_end, trailer, open_body, done, broken };

  size_t read_line(std::string_view bytes);
  size_t read_body(std::string_view bytes, std::string& body);
  void take_line();
  void take_status_line();
  void take_header();
  void take_chunk_size();
  void end_head();
  void fail_with(const char* sentence);

  Part part_ = Part::status_line;
  std::string line_;       // the part of a line that has come
  size_t head_bytes_ = 0;  // of all lines since the last body byte
  uint64_t body_left_ = 0;
  bool has_length_ = false, is_chunked_ = false, keeps_alive_ = true;
  int status_ = 0;
  double retry_after_s_ = 0;
  std::string error_;
};

}  // namespace estoc::http
