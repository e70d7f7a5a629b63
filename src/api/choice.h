// One choice of an answer: the events of one engine request become certain pieces of text.
//
// What: token ids go through the streaming detokenizer, the stop matcher and the splitter of parts; what comes out is
// never taken back. Each
// piece carries the tokens that began in it, for log-probabilities. Counts what the engine reports for the usage.
// Ownership: the tokenizer must outlive it. Threads: one at a time. Nothing throws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/stop_matcher.h"
#include "base/json.h"
#include "base/shared_list.h"
#include "dialects/part_splitter.h"
#include "engine/event.h"
#include "tokenizer/stream.h"
#include "tokenizer/tokenizer.h"

namespace estoc::api {

// A token of the text with what is known about its likelihood.
struct TokenRecord {
  TokenId token = 0;
  std::optional<Logprobs> logprobs;  // absent for the first token of an echoed prompt
  size_t start_byte = 0;             // where its text begins in the choice's text
  size_t start_char = 0;             // the same in characters (code points)
};

// What has become certain: the parts of the text, and the tokens that began in it.
struct Piece {
  std::vector<Part> parts;  // none is empty
  std::vector<TokenRecord> tokens;
  bool is_empty() const { return parts.empty() && tokens.empty(); }
};

struct ChoiceEnd {
  const char* finish_reason = "stop";  // or "length", or "tool_calls"
  Json stop_reason;                    // the stop string or the caller's stop token; null otherwise
};

struct ChoiceOptions {
  StopStrings stops;
  SharedList<TokenId> stop_tokens;
  bool include_stop = false;
  bool skip_special = true;
  SharedList<TokenId> kept_special;  // are not skipped: marks that the splitter reads
  bool has_logprobs = false;
  int tokens_min = 0;             // stop strings are not looked for before
  SharedList<TokenId> continued;  // the text goes on after these tokens; empty when it is a text of its own
  SharedList<TokenId> echo;       // prompt tokens that come back in front of the output
  std::shared_ptr<const std::string> echo_text;  // their text; null when there are none
};

class Choice {
 public:
  Choice(const Tokenizer& tokenizer, ChoiceOptions options,
         std::unique_ptr<PartSplitter> splitter = make_content_splitter());

  // Takes an event that is not an error or a cancellation; not to be called once end() is set.
  Piece consume(Event&& event);

  // Set when the choice is complete. A stop string completes it before the engine does.
  const std::optional<ChoiceEnd>& end() const { return end_; }

  int prompt_tokens() const { return prompt_tokens_; }
  int cached_tokens() const { return cached_tokens_; }
  int output_tokens() const { return output_tokens_; }
  const RequestTimes& times() const { return times_; }

 private:
  void add_echo(std::vector<Logprobs>&& prompt_logprobs, Piece& piece);
  void add_token(Event& event, Piece& piece);
  void add_text(std::string_view text, bool is_matched, Piece& piece);
  void finish(const Event& event, Piece& piece);
  void release_tokens(size_t limit_byte, Piece& piece);

  const Tokenizer& tokenizer_;
  ChoiceOptions options_;
  TokenStream stream_;
  StopMatcher matcher_;
  std::unique_ptr<PartSplitter> splitter_;
  std::optional<ChoiceEnd> end_;
  std::vector<TokenRecord> waiting_;  // tokens whose text is still held back
  size_t received_bytes_ = 0, received_chars_ = 0;
  size_t released_bytes_ = 0;
  bool is_echoed_ = false;
  std::optional<TokenId> stop_token_;
  bool has_calls_ = false;
  int prompt_tokens_ = 0, cached_tokens_ = 0, output_tokens_ = 0;
  RequestTimes times_;
};

}  // namespace estoc::api
