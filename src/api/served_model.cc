#include "api/served_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/errors.h"
#include "base/check.h"

namespace estoc::api {

std::vector<TokenId> mark_tokens_of(const ModelDialect& dialect, const Tokenizer& tokenizer) {
  std::vector<std::string_view> marks;
  if (dialect.calls != nullptr) marks = dialect.calls->marks;
  if (const ReasoningStyle* style = dialect.reasoning) {
    marks.insert(marks.end(), {style->begin, style->end, style->answer_begin, style->answer_end});
  }
  std::vector<TokenId> tokens;
  for (const std::string_view mark : marks) {
    const auto token = tokenizer.find(mark);
    if (token && tokenizer.is_special(*token)) tokens.push_back(*token);
  }
  return tokens;
}

void ServedModel::set_dialect(const ModelDialect& chosen) {
  dialect = chosen;
  mark_tokens = mark_tokens_of(dialect, *tokenizer);
}

ModelTask ServedModel::task() const {
  if (encoder == nullptr) return ModelTask::generate;
  return encoder->info().task == EncoderInfo::Task::embed ? ModelTask::embed : ModelTask::score;
}

ModelStats ServedModel::stats() const {
  if (encoder != nullptr) {
    EncodingStats stats = encoder->stats();
    return {.engine = std::move(stats.engine), .texts = std::move(stats.texts)};
  }
  return {.engine = generator != nullptr ? generator->stats() : EngineStats()};
}

Models::Models(std::vector<ServedModel> models) : list_(std::move(models)) { ESTOC_CHECK(!list_.empty()); }

const ServedModel* Models::find(std::string_view name) const {
  const auto found = std::ranges::find(list_, name, &ServedModel::name);
  return found == list_.end() ? nullptr : &*found;
}

const ServedModel& Models::named(std::string_view name) const {
  if (const ServedModel* model = find(name)) return *model;
  std::string names;
  for (const ServedModel& model : list_) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", model.name);
  throw ApiError(ErrorCode::not_found,
                 fmt::format("model \"{}\" is not served here; the {} {}", name,
                             list_.size() == 1 ? "model is" : "models are", names),
                 "model", "model_not_found");
}

size_t Models::text_bytes_max() const {
  size_t longest = 0;
  for (const ServedModel& model : list_) longest = std::max(longest, model.text_bytes_max);
  return longest;
}

size_t longest_text_bytes(const Tokenizer& tokenizer, int context) {
  constexpr size_t kAlwaysAllowed = 64 << 10;
  size_t longest = 1;
  for (TokenId id = 0; id < tokenizer.vocab_count(); ++id) {
    longest = std::max(longest, tokenizer.token_bytes(id).size());
  }
  return std::max(kAlwaysAllowed, longest * static_cast<size_t>(context));
}

}  // namespace estoc::api
