// Bytes of an event stream (`text/event-stream`, HTML standard section 9.2) to the data of its events.
//
// Used by one thread. Anything may be fed, cut anywhere; the same events come out. Lines end with CR, LF or both; other
// fields than `data` and comments are skipped, as is an event that the stream's end cuts off. Holds one event, of
// kEventBytesMax unless told otherwise. Throws only std::bad_alloc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace estoc::http {

class SseParser {
 public:
  static constexpr size_t kEventBytesMax = size_t{4} << 20;

  explicit SseParser(size_t event_bytes_max = kEventBytesMax) : event_bytes_max_(event_bytes_max) {}

  // Calls on_event(std::string_view) for each event that these bytes complete. False, now and ever after, when an event
  // or line is larger than the limit.
  template <typename OnEvent>
  bool feed(std::string_view bytes, OnEvent&& on_event) {
    while (!bytes.empty() && !is_too_large_) {
      if (read_line(bytes)) {
        on_event(std::string_view(data_));
        data_.clear();
      }
    }
    return !is_too_large_;
  }

 private:
  // Consumes bytes up to a line's end or all of them; true when data_ is now an event's.
  bool read_line(std::string_view& bytes);
  bool take_line();

  size_t event_bytes_max_;
  std::string line_, data_;
  bool has_data_ = false;
  bool is_first_line_ = true;
  bool skips_newline_ = false;  // the last line ended with CR: an LF right behind it belongs to it
  bool is_too_large_ = false;
};

}  // namespace estoc::http
