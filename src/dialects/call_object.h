// A call written as a JSON object, {"name": .., "arguments": {..}}, read while it is written.
//
// What: the call begins as soon as its name is known, and its arguments are handed out as they come; what comes before
// the name is kept until then. Members in any order, members of other names left out. Arguments that are a string of
// JSON are that JSON. Threads: one. Nothing throws.
#pragma once

#include <string>
#include <string_view>

#include "dialects/call_output.h"
#include "dialects/json_extent.h"

namespace estoc {

struct CallObjectNames {
  std::string_view name = "name", arguments = "arguments";
  bool only_known = false;  // an object that names no tool there is, or has members of other names, is no call
};

class CallObject {
 public:
  explicit CallObject(const CallObjectNames& names = {}) : names_(names) {}

  // Takes what it understands from the front of `text`, and returns its bytes. Fewer than all only when it is_done() or
  // is_wrong().
  size_t read(std::string_view text, CallOutput& out);

  bool has_begun() const { return has_begun_; }  // the call was handed out
  bool is_done() const { return place_ == Place::done; }
  bool is_wrong() const { return place_ == Place::wrong; }  // no call, or one that ended in the middle

 private:
  enum class Place { open, key_or_end, key, colon, before_value, value, comma_or_end, done, wrong };
  enum class Member { name, arguments, other };

  void read_structure(char c, CallOutput& out);
  size_t read_value(std::string_view text, CallOutput& out);
  void end_key();
  void end_value(CallOutput& out);
  void begin(const std::string& name, CallOutput& out);

  CallObjectNames names_;
  Place place_ = Place::open;
  Member member_ = Member::other;
  JsonExtent extent_;
  std::string value_;      // of the key or the member that is read; arguments that cannot be handed out yet
  std::string arguments_;  // those that came before the name
  bool has_begun_ = false, has_arguments_ = false, streams_ = false;
};

}  // namespace estoc
