// Tools, calls and their results written into the messages, for templates that have no place for them.
//
// What: a system message that shows the tools and how to call them, calls as the default dialect writes them, and
// results as a user's. Templates that write one of these themselves are left to it.
#pragma once

#include "chat/prompt.h"

namespace estoc::api {

// Takes conversation.tools when the template would not show them.
void write_tools_into_messages(Conversation& conversation, const ToolTurns& template_writes);

}  // namespace estoc::api
