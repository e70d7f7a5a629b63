// Where a splitter writes what it has understood: content, and calls one after the other.
//
// What: numbers calls and gives them ids. Blanks at the end of content are held back, and left out where a call stands
// behind them: they are how dialects part text from calls. A call that was begun and got no arguments has "{}".
// Ownership: owns its state; the parts are those of the push that runs. Threads: one. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialects/part.h"
#include "dialects/tool.h"

namespace estoc {

enum class CallIds {
  usual,         // "call_" and 24 letters and digits
  nine_letters,  // what templates of Mistral insist on
};

class CallOutput {
 public:
  CallOutput(CallContext context, CallIds ids) : context_(std::move(context)), ids_(ids) {}

  void write_to(std::vector<Part>& parts) { parts_ = &parts; }

  void content(std::string_view text);
  void reasoning(std::string_view text) { append_part(*parts_, PartKind::reasoning, text); }
  // An empty id is made up.
  void begin_call(std::string_view name, std::string_view id = {});
  void arguments(std::string_view text);
  void end_call();
  void finish();

  bool is_in_call() const { return is_in_call_; }
  int call_count() const { return calls_; }
  const Tools& tools() const { return *context_.tools; }

 private:
  CallContext context_;
  CallIds ids_;
  std::vector<Part>* parts_ = nullptr;
  std::string blanks_;
  int calls_ = 0;
  bool is_in_call_ = false, has_arguments_ = false;
};

}  // namespace estoc
