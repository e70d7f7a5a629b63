// Dialects that write each argument as plain text between tags: <parameter=city>Bern</parameter>.
//
// What: values become JSON by the tool's schema (typed_text.h); strings are handed out as they come. The end of a value
// counts where the next argument or the call's end follows, so that a value may have the tag in it.
#pragma once

#include <memory>
#include <string_view>

#include "dialects/call_format.h"
#include "dialects/call_splitter.h"

namespace estoc {

struct TaggedCalls {
  std::string_view section_begin, section_end;  // around a call, or around all; may be empty
  bool has_many = false;                        // calls in one section; otherwise each has its own
  std::string_view call_begin, name_end, call_end;
  std::string_view key_begin, key_end;
  std::string_view value_begin, value_end;  // value_begin may be empty
  bool has_lines = true;                    // values stand on lines of their own
  std::string_view line = "\n";             // between tags as the dialect writes them
};

std::unique_ptr<PartSplitter> make_tagged_splitter(const TaggedCalls& dialect, CallContext context);
CallFormat tagged_format(const TaggedCalls& dialect, const CallRules& rules);

}  // namespace estoc
