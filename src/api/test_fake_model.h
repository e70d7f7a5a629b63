// A served model for tests: one token a byte, a few longer ones, a two-line chat template and events made by hand.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/endpoints.h"
#include "api/errors.h"
#include "api/generation.h"
#include "api/served_model.h"
#include "base/error.h"
#include "base/utf8.h"
#include "grammar/constraint_cache.h"

namespace estoc::api {

// Ids 0..255 are bytes, then <s>, </s> and the words.
class FakeTokenizer : public Tokenizer {
 public:
  static constexpr TokenId kBos = 256, kEos = 257, kHello = 258, kWor = 259, kLd = 260;

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override {
    std::vector<TokenId> ids;
    if (options.add_special && has_bos) ids.push_back(kBos);
    while (!text.empty()) {
      if (options.parse_special && text.starts_with("<s>")) {
        ids.push_back(kBos);
        text.remove_prefix(3);
      } else {
        ids.push_back(static_cast<unsigned char>(text.front()));
        text.remove_prefix(1);
      }
    }
    if (options.add_special && has_eos) ids.push_back(kEos);
    return ids;
  }
  std::string decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::string text;
    for (const TokenId id : ids) {
      if (!skip_special || !is_special(id)) text += token_bytes(id);
    }
    return text;
  }
  std::string_view token_bytes(TokenId id) const override {
    return id < 0 || id >= vocab_count() ? std::string_view() : std::string_view(spellings_[static_cast<size_t>(id)]);
  }
  bool is_special(TokenId id) const override { return id == kBos || id == kEos; }
  int vocab_count() const override { return static_cast<int>(spellings_.size()); }
  std::optional<TokenId> bos() const override { return kBos; }
  std::optional<TokenId> eos() const override { return kEos; }
  bool adds_bos() const override { return has_bos; }
  std::span<const TokenId> prefix() const override { return {&kBos, has_bos ? size_t{1} : size_t{0}}; }
  std::optional<TokenId> find(std::string_view) const override { return {}; }
  bool strips_leading_space() const override { return false; }

  bool has_bos = false, has_eos = false;  // what add_special puts around a text

 private:
  std::vector<std::string> spellings_ = [] {
    std::vector<std::string> spellings;
    for (int byte = 0; byte < 256; ++byte) spellings.emplace_back(1, static_cast<char>(byte));
    for (const char* word : {"<s>", "</s>", "Hello", " wor", "ld"}) spellings.emplace_back(word);
    return spellings;
  }();
};

struct FakeModel {
  FakeTokenizer tokenizer;
  PromptBuilder prompts{tokenizer, ChatTemplate("{% for m in messages %}[{{ m.role }}]{{ m.content }};{% endfor %}"
                                                "{% if add_generation_prompt %}[assistant]{% endif %}")};
  grammar::ConstraintCache constraints{tokenizer, tokenizer.vocab_count()};
  ServedModel served;

  FakeModel() {
    served.constraints = &constraints;
    served.name = "org/tiny";
    served.fingerprint = "fp";
    served.created = 1700000000;
    served.context = 100;
    served.info.vocab = tokenizer.vocab_count();
    served.info.architecture = "TinyForCausalLM";
    served.tokenizer = &tokenizer;
    served.prompts = &prompts;
    served.defaults.end_tokens = {FakeTokenizer::kEos};
    served.set_dialect({&default_dialect(), nullptr});
  }

  // A list of this model as it is now. It and what is made from it live as long as this.
  const Models& models() { return lists_.emplace_back(std::vector{served}); }

  void use_template(std::string_view source) { prompts = PromptBuilder(tokenizer, ChatTemplate(source)); }

 private:
  std::deque<Models> lists_;
};

inline Call call_with(std::string_view body) { return {.body = body, .id = "abc", .now = 1757141666}; }

// Fails unless `ask` throws an Error with this param, an answer of this status and a sentence that has `message` in it.
template <typename Ask>
void expect_refusal(Ask&& ask, const std::string& param, const std::string& message, int status = 400) {
  try {
    ask();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error_reply(error).status, status);
    EXPECT_EQ(error.param(), param);
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

// Whether the whole of the text may be the request's answer, as FakeTokenizer has it.
inline bool may_answer(const Request& request, std::string_view text) {
  if (request.constraint == nullptr) return true;
  const auto place = request.constraint->start(request.end_tokens, {});
  for (const char c : text) {
    if (!place->accept(static_cast<unsigned char>(c))) return false;
  }
  return place->accept(FakeTokenizer::kEos);
}

// The events of a request whose prompt had `prompt_tokens`, one token each; the last one finishes.
inline std::vector<Event> events_of(const std::vector<TokenId>& tokens, FinishReason finish, int prompt_tokens = 5,
                                    int cached_tokens = 2) {
  std::vector<Event> events;
  for (const TokenId token : tokens) {
    Event event;
    event.token = token;
    event.prompt_tokens = prompt_tokens;
    event.cached_tokens = cached_tokens;
    event.output_tokens = static_cast<int>(events.size()) + 1;
    events.push_back(std::move(event));
  }
  events.back().finish = finish;
  events.back().is_stop_token = finish == FinishReason::stop;
  return events;
}

inline std::vector<TokenId> bytes_of(std::string_view text) {
  std::vector<TokenId> ids;
  for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  return ids;
}

// Feeds events to one choice until it wants no more; true when it was complete before the last.
inline bool feed(Generation& generation, size_t index, std::vector<Event> events, std::string& out) {
  for (Event& event : events) {
    if (generation.consume(index, std::move(event), out)) return true;
  }
  return false;
}

}  // namespace estoc::api
