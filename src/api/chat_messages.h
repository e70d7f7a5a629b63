// `messages` of a chat request, as templates expect them.
//
// What: roles are checked and written as templates know them, text parts are joined by line feeds, arguments of earlier
// tool calls parsed, other members passed through. Clients send back what their libraries dump, so a member that is
// null, "" or [] is as if it were not there, in an earlier tool call too; what every turn needs is role and content,
// and an assistant may have said nothing (content null).
// Errors: Error{invalid_argument} with the path of a wrong member ("messages[2].content"); Error{unsupported} for
// content we cannot take (images, audio).
#pragma once

#include "api/fields.h"
#include "base/json.h"

namespace estoc::api {

// An array of at least one object; content is a string, or null where an assistant's turn has none.
Json read_messages(Fields& fields);

}  // namespace estoc::api
