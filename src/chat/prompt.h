// Messages, or a plain text, to the tokens a model is fed: the one way there, for the server and the command line.
//
// What: whoever asks, the template sees the same variables, what the tokenizer puts in front (BOS) stands there once,
// whether the text writes it itself or not, and nothing is put behind: an EOS there would end the text before the
// answer. Ownership: owns the template; the tokenizer must outlive it. Threads: immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "chat/assistant_turns.h"
#include "chat/tool_turns.h"
#include "jinja/template.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

using ChatTemplate = jinja::Template;  // the one that came with the model

struct Conversation {
  // An array of at least one object with role and content. Null content is the assistant's that said nothing; calls
  // have a function with arguments, a JSON value. The template sees both as it takes them (AssistantTurns).
  Json messages;
  Json variables;  // an object: more names for the template, of which those the builder sets are hidden; or null
  Json tools;      // an array, as their caller wrote them, for templates that show tools; or null
  bool adds_generation_prompt = true;
  bool is_open = false;  // the prompt ends where the last message's content does, for the model to go on with it
};

class PromptBuilder {
 public:
  // Without a template (a base model) there is encode() only.
  PromptBuilder(const Tokenizer& tokenizer, std::optional<ChatTemplate> chat_template);

  bool has_template() const { return chat_template_.has_value(); }
  // What of tools the template writes; nothing without a template.
  const ToolTurns& tool_turns() const { return tool_turns_; }

  // The template's text of a conversation. REQUIRES has_template(). Throws what jinja::Template::render throws, and
  // Error{invalid_argument} when the template does not write the open message.
  std::string render(Conversation conversation) const;

  // The prompt of a text, rendered or a user's own; special tokens written in it are read as those tokens.
  std::vector<TokenId> encode(std::string_view text) const;

 private:
  const Tokenizer* tokenizer_;  // never null
  std::optional<ChatTemplate> chat_template_;
  AssistantTurns assistant_turns_;
  ToolTurns tool_turns_;
};

}  // namespace estoc
