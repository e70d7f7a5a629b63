// Dialects that write a call as its name and then its arguments as JSON, with marks around and between.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialects/call_format.h"
#include "dialects/call_splitter.h"

namespace estoc {

// What stands where a dialect writes a call's name.
struct WrittenName {
  std::string name;
  std::string id;  // empty where the dialect writes none
};

struct NamedCalls {
  std::string_view section_begin, section_end;           // around all calls; may be empty
  std::string_view call_begin, name_end;                 // what stands in front of the name, and behind it
  std::string_view arguments_end, call_end;              // behind the arguments; may be empty
  std::string_view separator = "";                       // between two calls
  WrittenName (*read_name)(std::string_view) = nullptr;  // null: the name itself
  Json (*write_name)(std::string_view) = nullptr;        // as a format; null: the name itself
  CallIds ids = CallIds::usual;
};

std::unique_ptr<PartSplitter> make_named_splitter(const NamedCalls& dialect, CallContext context);
CallFormat named_format(const NamedCalls& dialect, const CallRules& rules);

}  // namespace estoc
