#include "dialects/call_splitter.h"

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

void CallSplitter::give_raw_back() {
  out_.content(raw_);
  raw_.clear();
}

}  // namespace estoc
