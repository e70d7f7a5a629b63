// Dialects that write calls as code does: [f(a='x', b=1), g()], or call:f{a:<|"|>x<|"|>,b:1}.
//
// What: an argument is handed out when its value is complete. A value that is no literal becomes a string of its text.
#pragma once

#include <memory>
#include <string_view>

#include "dialects/call_format.h"
#include "dialects/call_splitter.h"
#include "dialects/literal_text.h"

namespace estoc {

struct LiteralCalls {
  std::string_view begin, end;   // around a call or the list of all; both empty: an answer begins with the list
  bool is_list = true;           // [f(), g()] between the marks; otherwise each call has its own
  bool may_lack_begin = false;   // an answer may begin with the list, if that names a tool
  std::string_view prefix = "";  // in front of a name
  char open = '(', assign = '=', close = ')';
  LiteralStyle style;
};

std::unique_ptr<PartSplitter> make_literal_splitter(const LiteralCalls& dialect, CallContext context);
CallFormat literal_format(const LiteralCalls& dialect, const CallRules& rules);

}  // namespace estoc
