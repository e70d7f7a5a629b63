// Where a JSON value ends in text that arrives in pieces.
//
// What: looks at brackets and quotes only; what lies between them a reader of JSON judges. Control characters within
// strings, which models write and JSON forbids, are told so that they can be escaped. Threads: one. Nothing throws.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

class JsonExtent {
 public:
  enum class Verdict {
    inside,  // the character belongs to the value
    last,    // and ends it
    before,  // the value ended before it: numbers and words end where something else begins
    wrong,   // no JSON has it here
  };
  Verdict take(char c);

  // Copies what of the front of `text` belongs to the value, valid where control characters were the only fault;
  // returns its bytes. is_done() or is_wrong() then say why it stopped.
  size_t copy(std::string_view text, std::string& value);
  bool is_done() const { return is_done_; }
  bool is_wrong() const { return is_wrong_; }

 private:
  bool is_in_string_ = false, is_escaped_ = false, is_scalar_ = false, is_done_ = false, is_wrong_ = false;
  std::string open_;  // the brackets that are open
};

}  // namespace estoc
