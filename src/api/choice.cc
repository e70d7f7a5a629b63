#include "api/choice.h"

#include <algorithm>

namespace estoc::api {
namespace {

size_t char_count(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Choice::Choice(const Tokenizer& tokenizer, ChoiceOptions options, std::unique_ptr<PartSplitter> splitter)
    : tokenizer_(tokenizer),
      options_(std::move(options)),
      stream_(tokenizer, options_.skip_special, options_.kept_special),
      matcher_(options_.stops, options_.include_stop),
      splitter_(std::move(splitter)) {
  if (!options_.continued.empty()) stream_.continue_after(options_.continued);
}

Piece Choice::consume(Event&& event) {
  Piece piece;
  prompt_tokens_ = event.prompt_tokens;
  cached_tokens_ = event.cached_tokens;
  output_tokens_ = event.output_tokens;
  times_ = event.times;
  if (!is_echoed_) add_echo(std::move(event.prompt_logprobs), piece);
  if (event.token) add_token(event, piece);
  if (event.finish && !end_) finish(event, piece);
  if (end_) splitter_->finish(piece.parts);
  const auto is_call = [](const Part& part) { return part.kind == PartKind::tool_call; };
  has_calls_ = has_calls_ || std::ranges::any_of(piece.parts, is_call);
  if (end_ && has_calls_ && end_->stop_reason.is_null() && std::string_view(end_->finish_reason) == "stop") {
    end_->finish_reason = "tool_calls";
  }
  return piece;
}

void Choice::add_echo(std::vector<Logprobs>&& prompt_logprobs, Piece& piece) {
  is_echoed_ = true;
  if (options_.echo.empty()) return;
  if (options_.has_logprobs) {
    TokenStream stream(tokenizer_, true);
    size_t chars = 0;
    for (size_t i = 0; i < options_.echo.size(); ++i) {
      TokenRecord record{options_.echo[i], {}, 0, chars};
      if (i > 0 && i <= prompt_logprobs.size()) record.logprobs = std::move(prompt_logprobs[i - 1]);
      piece.tokens.push_back(std::move(record));
      chars += char_count(stream.push(options_.echo[i]));
    }
  }
  add_text(*options_.echo_text, false, piece);
}

void Choice::add_token(Event& event, Piece& piece) {
  if (event.is_stop_token) {
    stop_token_ = event.token;
    if (!options_.include_stop) return;
  }
  if (options_.has_logprobs) {
    waiting_.push_back({*event.token, std::move(event.logprobs), received_bytes_, received_chars_});
  }
  add_text(stream_.push(*event.token), event.output_tokens > options_.tokens_min, piece);
}

void Choice::add_text(std::string_view text, bool is_matched, Piece& piece) {
  received_bytes_ += text.size();
  received_chars_ += char_count(text);
  const std::string certain = is_matched ? matcher_.push(text) : std::string(text);
  released_bytes_ += certain.size();
  splitter_->push(certain, piece.parts);
  if (matcher_.matched() != nullptr) end_ = ChoiceEnd{"stop", *matcher_.matched()};
  release_tokens(released_bytes_, piece);
}

void Choice::finish(const Event& event, Piece& piece) {
  add_text(stream_.finish(), event.output_tokens > options_.tokens_min, piece);
  if (end_) return;  // the last held characters completed a stop string
  splitter_->push(matcher_.finish(), piece.parts);
  release_tokens(std::string::npos, piece);
  if (*event.finish != FinishReason::stop) {
    end_ = ChoiceEnd{"length", {}};
    return;
  }
  const bool is_callers =
      stop_token_ && std::ranges::find(options_.stop_tokens, *stop_token_) != options_.stop_tokens.end();
  end_ = ChoiceEnd{"stop", is_callers ? Json(int64_t{*stop_token_}) : Json()};
}

void Choice::release_tokens(size_t limit_byte, Piece& piece) {
  const auto first_kept =
      std::ranges::find_if(waiting_, [&](const TokenRecord& record) { return record.start_byte >= limit_byte; });
  std::move(waiting_.begin(), first_kept, std::back_inserter(piece.tokens));
  waiting_.erase(waiting_.begin(), first_kept);
}

}  // namespace estoc::api
