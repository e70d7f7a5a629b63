#include "dialects/call_splitter.h"

#include <array>

namespace estoc {

void CallSplitter::push(std::string_view text, std::vector<Part>& parts) {
  out_.write_to(parts);
  held_.add(text);
  while (!held_.empty() && step()) {
  }
}

void CallSplitter::finish(std::vector<Part>& parts) {
  out_.write_to(parts);
  held_.close();
  while (!held_.empty() && step()) {
  }
  // What is held now a state was waiting on: within a call it is the call's, which was cut short.
  if (!out_.is_in_call()) {
    give_raw_back();
    out_.content(held_.text());
  }
  held_.drop(held_.text().size());
  out_.finish();
}

bool CallSplitter::take_raw_blanks() {
  const size_t blanks = held_.blanks();
  take_raw(blanks);
  return blanks > 0;
}

bool CallSplitter::take_content_to(std::string_view mark) {
  const std::array marks{mark};
  const HeldText::Found found = held_.find(marks);
  out_.content(held_.take(found.at));
  if (found.mark < 0) return false;
  take_raw(mark.size());
  return true;
}

void CallSplitter::give_raw_back() {
  out_.content(raw_);
  raw_.clear();
}

}  // namespace estoc
