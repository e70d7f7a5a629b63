#include "chat/prompt.h"

#include "base/check.h"
#include "base/error.h"

namespace estoc {
namespace {

// Stands where the open message ends while the template is rendered; private-use characters nobody writes.
constexpr std::string_view kEndMark = "\uE0F3\uE0F4\uE0F3";

// The names every template may ask for, over those of `variables`.
Json with_shared_variables(Json variables, const Tokenizer& tokenizer) {
  const auto spelling = [&](std::optional<TokenId> id) {
    return Json(id ? tokenizer.token_bytes(*id) : std::string_view());
  };
  // There but none, as when Hugging Face's apply_chat_template is given neither.
  variables.set("tools", {});
  variables.set("documents", {});
  variables.set("bos_token", spelling(tokenizer.bos()));
  variables.set("eos_token", spelling(tokenizer.eos()));
  return variables;
}

void mark_end(Json& message) {
  const Json* content = message.find("content");
  const std::string text = content != nullptr && content->is_string() ? content->as_string() : std::string();
  message.set("content", text + std::string(kEndMark));
}

}  // namespace

PromptBuilder::PromptBuilder(const Tokenizer& tokenizer, std::optional<ChatTemplate> chat_template)
    : tokenizer_(&tokenizer), chat_template_(std::move(chat_template)) {
  if (!chat_template_) return;
  const Json variables = with_shared_variables({}, tokenizer);
  assistant_turns_ = AssistantTurns(*chat_template_, variables);
  tool_turns_ = ToolTurns::of(*chat_template_, assistant_turns_, variables);
}

std::string PromptBuilder::render(Conversation conversation) const {
  ESTOC_CHECK(chat_template_.has_value());
  Json variables = with_shared_variables(std::move(conversation.variables), *tokenizer_);
  for (Json& message : conversation.messages.as_array()) assistant_turns_.fit(message);
  if (conversation.is_open) mark_end(conversation.messages.as_array().back());
  variables.set("messages", std::move(conversation.messages));
  variables.set("add_generation_prompt", conversation.adds_generation_prompt);
  if (!conversation.tools.is_null()) {
    variables.set("available_tools", conversation.tools);  // what Granite's call them
    variables.set("tools", std::move(conversation.tools));
  }
  std::string text = chat_template_->render(variables);
  if (!conversation.is_open) return text;
  const size_t end = text.rfind(kEndMark);
  if (end == std::string::npos) {
    fail(ErrorCode::invalid_argument, "it does not write the final message, which cannot be continued then");
  }
  text.resize(end);
  return text;
}

std::vector<TokenId> PromptBuilder::encode(std::string_view text) const {
  std::vector<TokenId> tokens = tokenizer_->encode(text, {.add_special = false, .parse_special = true});
  const std::span<const TokenId> prefix = tokenizer_->prefix();
  // Templates usually write BOS themselves; a second one would change the model's answers.
  const bool has_prefix = !prefix.empty() && !tokens.empty() && tokens.front() == prefix.front();
  if (!has_prefix) tokens.insert(tokens.begin(), prefix.begin(), prefix.end());
  return tokens;
}

}  // namespace estoc
