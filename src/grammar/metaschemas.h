// The schemas of schemas that the drafts publish, by their identifiers. Internal to the room.
//
// What: draft 7's and 2020-12's with its vocabularies, without annotations and formats. They are documents that everybody
// has; no others are ever fetched. Threads: any. Nothing throws.
#pragma once

#include <string_view>

#include "base/json.h"

namespace estoc::grammar {

// Null when it is none of them.
const Json* find_metaschema(std::string_view identifier);

}  // namespace estoc::grammar
