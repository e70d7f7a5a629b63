// Dialects that write calls as JSON objects between marks, alone or as a list.
#pragma once

#include <memory>
#include <string_view>

#include "dialects/call_format.h"
#include "dialects/call_object.h"
#include "dialects/call_splitter.h"

namespace estoc {

struct ObjectCalls {
  std::string_view begin, end;      // an empty end: the calls end with the answer
  bool is_list = false;             // [{..}, {..}] between the marks; otherwise one object, or several in a row
  bool may_lack_begin = false;      // an answer may begin with an object, if that names a tool
  std::string_view blank = "";      // around an object between the marks
  std::string_view separator = "";  // between two calls that have marks of their own
  CallObjectNames names;
  CallIds ids = CallIds::usual;
};

std::unique_ptr<PartSplitter> make_object_splitter(const ObjectCalls& dialect, CallContext context);
CallFormat object_format(const ObjectCalls& dialect, const CallRules& rules);

}  // namespace estoc
