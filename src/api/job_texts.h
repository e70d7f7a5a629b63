// The texts of a request on their way to an encoder: to token ids, within its limits.
//
// Errors: Error{invalid_argument} with the path of the text that is to blame, ApiError "context_length_exceeded" with
// both numbers for one that is too long. Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "api/fields.h"
#include "api/served_model.h"
#include "api/serving_fields.h"
#include "encoding/encode_job.h"

namespace estoc::api {

// What happens to texts that are longer than the model reads: they are refused, or cut.
struct TextCut {
  int tokens_max = 0;  // 0: refused
  bool cuts_left = false;
};

// From truncate_prompt_tokens (tokens, -1: what the model reads) and truncation_side, as vLLM has them; or from
// truncate (a boolean, or Cohere's NONE, START and END) and truncation_direction, as TEI has them.
TextCut read_text_cut(Fields& fields, const ServedModel& model);

class JobTexts {
 public:
  // Without `add_special` nothing is put around texts.
  JobTexts(const ServedModel& model, TextCut cut, bool add_special = true);

  void add(std::string_view text, const std::string& path);
  void add_pair(std::string_view first, std::string_view second, const std::string& path);
  // An array of token ids, which are taken as they are.
  void add_ids(const Json& ids, const std::string& path);

  size_t count() const { return job_.lengths.size(); }
  size_t token_count() const { return job_.tokens.size(); }
  // Throws when there are none, or they become more numbers than one answer may have; `path` is the field they are of.
  EncodeJob take_job(const ServingFields& serving, const std::string& path);

 private:
  std::string_view readable(std::string_view text) const;
  void append(const std::vector<TokenId>& ids, const std::vector<uint8_t>& segments, const std::string& path);

  const ServedModel& model_;
  const TextCut cut_;
  const EncodeOptions options_;
  EncodeJob job_;
};

}  // namespace estoc::api
