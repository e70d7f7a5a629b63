// What splitters of calls have in common: text is held, understood step by step, and handed out.
//
// What: a derived class is the list of states that a dialect's text goes through. A step looks at the front of what is
// held, takes what it understands from it and writes that out. Text of a call that turns out to be none becomes content
// as it was written, marks included, so that nothing is lost; once a call has begun what follows is its own. Threads:
// one. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "dialects/call_output.h"
#include "dialects/held_text.h"
#include "dialects/part_splitter.h"

namespace estoc {

inline constexpr size_t kNameBytesMax = 512;  // longer is no name

class CallSplitter : public PartSplitter {
 public:
  void push(std::string_view text, std::vector<Part>& parts) final;
  void finish(std::vector<Part>& parts) final;

 protected:
  CallSplitter(CallContext context, CallIds ids) : out_(std::move(context), ids) {}

  // Takes text or goes to another state; false when it needs more text than is held.
  virtual bool step() = 0;

  // Takes so much from the front, and keeps it in case that no call comes of it.
  void take_raw(size_t bytes) { raw_ += held_.take(bytes); }
  // The same of blanks; false when there are none.
  bool take_raw_blanks();
  // Writes what stands in front of the mark as content and takes the mark so; false while there is none.
  bool take_content_to(std::string_view mark);
  // What was kept is no call: it is content.
  void give_raw_back();
  // What was kept is a call's.
  void forget_raw() { raw_.clear(); }

  HeldText held_;
  CallOutput out_;

 private:
  std::string raw_;
};

// A splitter whose state is the step that it takes next.
template <class Splitter>
class SteppedSplitter : public CallSplitter {
 protected:
  using Self = Splitter;
  using Step = bool (Splitter::*)();

  SteppedSplitter(CallContext context, CallIds ids, Step first) : CallSplitter(std::move(context), ids), next_(first) {}

  bool go(Step next) {
    next_ = next;
    return true;
  }

 private:
  bool step() final { return (static_cast<Splitter&>(*this).*next_)(); }

  Step next_;
};

}  // namespace estoc
