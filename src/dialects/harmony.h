// The messages of gpt-oss: <|channel|>commentary to=functions.f <|constrain|>json<|message|>{..}<|call|>.
//
// What: an answer is messages, each a header and a body. The header's recipient makes it a call, the channel analysis
// reasoning, every other channel content.
#pragma once

#include <memory>

#include "dialects/call_format.h"
#include "dialects/part_splitter.h"

namespace estoc {

std::unique_ptr<PartSplitter> make_harmony_splitter(CallContext context);
CallFormat harmony_format(const CallRules& rules);
// An answer in the channel final, perhaps behind others.
Json harmony_text(Json text);

}  // namespace estoc
