#include "api/job_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/engine_request.h"
#include "api/errors.h"
#include "api/sampling_fields.h"

namespace estoc::api {
namespace {

[[noreturn]] void refuse_length(size_t tokens, int tokens_max, const std::string& path) {
  throw ApiError(ErrorCode::invalid_argument,
                 fmt::format("{}: the text has {} tokens, and the model reads at most {}", path, tokens, tokens_max),
                 path, "context_length_exceeded");
}

// "left" or "right", which TEI capitalizes.
std::optional<bool> read_side(Fields& fields, const char* name) {
  const auto side = fields.string(name);
  if (!side) return {};
  if (*side == "left" || *side == "Left") return true;
  if (*side == "right" || *side == "Right") return false;
  fields.refuse(name, fmt::format("expected \"left\" or \"right\", got \"{}\"", *side));
}

// Whether texts are cut, and where a value says so on which side.
std::pair<bool, std::optional<bool>> read_truncate(Fields& fields) {
  const Json* value = fields.find("truncate");
  if (value == nullptr) return {false, {}};
  if (value->is_bool()) return {value->as_bool(), {}};
  if (*value == Json("NONE")) return {false, {}};
  if (*value == Json("START")) return {true, true};
  if (*value == Json("END")) return {true, false};
  fields.refuse("truncate", "expected a boolean, \"NONE\", \"START\" or \"END\"");
}

}  // namespace

TextCut read_text_cut(Fields& fields, const ServedModel& model) {
  const int limit = model.encoder->tokens_max();
  const auto [is_cut, named_side] = read_truncate(fields);
  TextCut cut{.tokens_max = is_cut ? limit : 0};
  if (const auto tokens = fields.integer("truncate_prompt_tokens", -1, limit)) {
    if (*tokens == 0) fields.refuse("truncate_prompt_tokens", "expected at least 1, or -1 for what the model reads");
    cut.tokens_max = *tokens < 0 ? limit : static_cast<int>(*tokens);
  }
  const auto side = read_side(fields, "truncation_side"), direction = read_side(fields, "truncation_direction");
  cut.cuts_left = side.value_or(direction.value_or(named_side.value_or(false)));
  return cut;
}

JobTexts::JobTexts(const ServedModel& model, TextCut cut, bool add_special)
    : model_(model), cut_(cut), options_{.add_special = add_special, .parse_special = true} {}

// As much of a text that will be cut as can be read: nobody pays for the tokens of a book that become 512.
std::string_view JobTexts::readable(std::string_view text) const {
  if (text.size() <= model_.text_bytes_max) return text;
  const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
  if (cut_.cuts_left) {
    text.remove_prefix(text.size() - model_.text_bytes_max);
    while (!text.empty() && continues(text.front())) text.remove_prefix(1);
    return text;
  }
  size_t size = model_.text_bytes_max;
  while (size > 0 && continues(text[size])) --size;
  return text.substr(0, size);
}

void JobTexts::add(std::string_view text, const std::string& path) {
  if (cut_.tokens_max > 0) {
    const SegmentedIds ids =
        model_.tokenizer->encode_cut(readable(text), {}, cut_.tokens_max, cut_.cuts_left, options_);
    return append(ids.ids, ids.segments, path);
  }
  check_text_length(text.size(), model_, path);
  const SegmentedIds ids = model_.tokenizer->encode_segments(text, options_);
  append(ids.ids, ids.segments, path);
}

void JobTexts::add_pair(std::string_view first, std::string_view second, const std::string& path) {
  SegmentedIds ids;
  if (cut_.tokens_max > 0) {
    ids = model_.tokenizer->encode_cut(readable(first), readable(second), cut_.tokens_max, cut_.cuts_left, options_);
  } else {
    check_text_length(first.size() + second.size(), model_, path);
    ids = model_.tokenizer->encode_pair(first, second, options_);
  }
  append(ids.ids, ids.segments, path);
}

void JobTexts::add_ids(const Json& value, const std::string& path) {
  const size_t count_max = limits::kTextTokensMax;
  std::vector<TokenId> ids = read_token_ids(value, path, model_, count_max);
  const auto excess = static_cast<std::ptrdiff_t>(ids.size()) - cut_.tokens_max;
  if (cut_.tokens_max > 0 && excess > 0) {
    cut_.cuts_left ? ids.erase(ids.begin(), ids.begin() + excess) : ids.erase(ids.end() - excess, ids.end());
  }
  append(ids, {}, path);
}

void JobTexts::append(const std::vector<TokenId>& ids, const std::vector<uint8_t>& segments, const std::string& path) {
  const int tokens_max = model_.encoder->tokens_max();
  if (ids.empty()) refuse_field(path, "the text has no tokens");
  if (ids.size() > static_cast<size_t>(tokens_max)) refuse_length(ids.size(), tokens_max, path);
  if (job_.tokens.size() + ids.size() > limits::kTextTokensMax) {
    refuse_field(path, fmt::format("the texts up to here have more than {} tokens", limits::kTextTokensMax));
  }
  // Most models have one segment only: then there is no list of them.
  const bool has_segments = std::ranges::any_of(segments, [](uint8_t segment) { return segment != 0; });
  if (has_segments || !job_.segments.empty()) {
    job_.segments.resize(job_.tokens.size());
    job_.segments.insert(job_.segments.end(), segments.begin(), segments.end());
  }
  job_.tokens.insert(job_.tokens.end(), ids.begin(), ids.end());
  if (!job_.segments.empty()) job_.segments.resize(job_.tokens.size());
  job_.lengths.push_back(static_cast<int>(ids.size()));
}

EncodeJob JobTexts::take_job(const ServingFields& serving, const std::string& path) {
  if (count() == 0) refuse_field(path, "expected at least one text");
  const auto outputs = static_cast<size_t>(model_.encoder->info().outputs);
  if (count() * outputs > limits::kVectorNumbersMax) {
    refuse_field(path, fmt::format("{} texts of {} numbers each are more than one answer may have ({})", count(),
                                   outputs, limits::kVectorNumbersMax));
  }
  job_.priority = serving.priority;
  job_.client = serving.client;
  job_.timeout = serving.timeout;
  return std::move(job_);
}

}  // namespace estoc::api
