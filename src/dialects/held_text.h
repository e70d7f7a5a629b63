// Text that was not understood yet, and marks in it that may be there in part.
//
// Ownership: owns its text. Threads: one. Nothing throws.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace estoc {

inline constexpr std::string_view kBlanks = " \t\r\n";

// Without the blanks at both ends.
std::string_view trimmed(std::string_view text);

enum class Sight {
  no,
  partly,  // the text ends within the mark
  whole,
};

class HeldText {
 public:
  void add(std::string_view text);
  void close() { is_closed_ = true; }  // no more will come: nothing is seen in part any more
  bool is_closed() const { return is_closed_; }

  bool empty() const { return begin_ == text_.size(); }
  std::string_view text() const { return std::string_view(text_).substr(begin_); }
  void drop(size_t bytes) { begin_ += bytes; }
  std::string take(size_t bytes);

  // Whether the mark stands at the front, or `from` bytes behind it. An empty mark does not.
  Sight sees(std::string_view mark, size_t from = 0) const;

  struct Found {
    size_t at;      // where the first mark stands, or how many bytes are in none whatever follows
    int mark = -1;  // which of them; of those that begin at one place the longest
  };
  // Waits where a longer mark may be what the text ends within.
  Found find(std::span<const std::string_view> marks, size_t from = 0) const;

  // The number of blanks at the front, or `from` bytes behind it.
  size_t blanks(size_t from = 0) const;

 private:
  std::string text_;
  size_t begin_ = 0;
  bool is_closed_ = false;
};

}  // namespace estoc
