#include "chat/prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

// A byte-level vocabulary: a few bytes, then BOS and EOS. Which of them go around a text is the file's to say.
std::unique_ptr<Tokenizer> test_tokenizer(bool adds_bos, bool adds_eos) {
  GgufVocab vocab;
  vocab.source = "small";
  vocab.model = "gpt2";
  vocab.pre = "gpt-2";
  vocab.tokens = {"a", "b", "h", "i", ":", "<s>", "</s>", "hi"};
  vocab.types = {1, 1, 1, 1, 1, 3, 3, 1};
  vocab.bos = 5;
  vocab.eos = 6;
  vocab.add_bos = adds_bos;
  vocab.add_eos = adds_eos;
  vocab.merges = {"h i"};
  return build_tokenizer(vocab);
}

Conversation conversation_of(std::string_view messages) {
  Conversation conversation;
  conversation.messages = parse_json(messages);
  return conversation;
}

constexpr std::string_view kHi = R"([{"role": "user", "content": "hi"}])";

TEST(PromptBuilder, PutsBosInFrontOnceAndNothingBehind) {
  struct Case {
    bool adds_bos, adds_eos;
    std::string_view text, expected;
  };
  for (const Case& one : {Case{true, true, "hi", "<s>hi"}, Case{true, false, "hi", "<s>hi"},
                          Case{false, true, "hi", "hi"}, Case{false, false, "hi", "hi"}, Case{true, true, "", "<s>"},
                          Case{true, true, "<s>hi", "<s>hi"}, Case{false, false, "<s>hi", "<s>hi"},
                          Case{true, true, "hi</s>", "<s>hi</s>"}}) {  // an EOS the text itself writes stays
    const auto tokenizer = test_tokenizer(one.adds_bos, one.adds_eos);
    const PromptBuilder base(*tokenizer, std::nullopt);
    EXPECT_FALSE(base.has_template());
    EXPECT_EQ(tokenizer->decode(base.encode(one.text), false), one.expected) << one.text << one.adds_bos;
    const PromptBuilder chat(*tokenizer, ChatTemplate("{{ messages[0].content }}"));
    Conversation conversation = conversation_of(kHi);
    conversation.messages.as_array()[0].set("content", one.text);
    EXPECT_EQ(tokenizer->decode(chat.encode(chat.render(conversation)), false), one.expected) << one.text;
  }
}

TEST(PromptBuilder, TemplatesSeeTheSameVariablesWhoeverAsks) {
  const auto tokenizer = test_tokenizer(true, true);
  const PromptBuilder prompts(*tokenizer,
                              ChatTemplate("{{ bos_token }}|{{ eos_token }}|{{ tools }}|{{ documents }}|"
                                           "{{ add_generation_prompt }}|{{ mood }}|{{ messages | length }}"));
  Conversation conversation = conversation_of(kHi);
  EXPECT_EQ(prompts.render(conversation), "<s>|</s>|None|None|True||1");
  conversation.variables = parse_json(R"({"mood": "glad", "messages": [], "bos_token": "x", "tools": [1]})");
  conversation.adds_generation_prompt = false;
  EXPECT_EQ(prompts.render(conversation), "<s>|</s>|None|None|False|glad|1");
}

TEST(PromptBuilder, NullContentStaysNullWhereTheTemplateTakesIt) {
  const auto tokenizer = test_tokenizer(false, false);
  const Conversation conversation = conversation_of(R"([{"role": "user", "content": "a"}, {"role": "assistant",
      "content": null, "tool_calls": [{"function": {"name": "f"}}]}, {"role": "assistant", "content": null}])");
  const PromptBuilder asks(*tokenizer, ChatTemplate("{% for m in messages %}{{ m.content is none }};{% endfor %}"));
  EXPECT_EQ(asks.render(conversation), "False;True;True;");
  const PromptBuilder adds(*tokenizer, ChatTemplate("{% for m in messages %}{{ '-' + m.content }};{% endfor %}"));
  EXPECT_EQ(adds.render(conversation), "-a;-;-;");
}

TEST(PromptBuilder, AnOpenConversationEndsWithItsLastContent) {
  const auto tokenizer = test_tokenizer(false, false);
  const PromptBuilder prompts(*tokenizer, ChatTemplate("{% for m in messages %}{{ m.content | trim }};{% endfor %}"));
  Conversation conversation = conversation_of(R"([{"role": "user", "content": " a "}, {"role": "assistant",
                                                  "content": "b "}])");
  conversation.is_open = true;
  EXPECT_EQ(prompts.render(conversation), "a;b ");
  conversation.messages.as_array()[1].set("content", nullptr);
  EXPECT_EQ(prompts.render(conversation), "a;");
  const PromptBuilder deaf(*tokenizer, ChatTemplate("{{ messages[0].content }}"));
  EXPECT_THROW(deaf.render(conversation), Error);
}

}  // namespace
}  // namespace estoc
