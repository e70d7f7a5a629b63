// Scores of pairs of texts: by a model that scores them, or by the cosine of their vectors.
//
// Errors: those of JobTexts. Threads: one; what take_job gives, any.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/job_texts.h"

namespace estoc::api {

// A text and where in the request it stands.
struct GivenText {
  std::string_view text;
  std::string path;
};

// The string at `path`, or the `text` of an object there. Throws with the path for anything else.
GivenText read_given_text(const Json& value, std::string path);

struct ScoreOptions {
  bool is_raw = false;  // a scoring model's number as it is, not made a probability
  TextCut cut;
};

// From truncation fields (api/job_texts.h), raw_scores as TEI has it, and use_activation or activation as vLLM has it.
ScoreOptions read_score_options(Fields& fields, const ServedModel& model);

struct ScoreJob {
  EncodeJob job;
  size_t tokens = 0;
  // One score a pair, from the job's results.
  std::function<std::vector<float>(std::span<const float> results)> scores;
};

// Pairs of each of `firsts` with the one of `seconds` in the same place; or of the only one of `firsts` with all.
ScoreJob make_score_job(const ServedModel& model, const std::vector<GivenText>& firsts,
                        const std::vector<GivenText>& seconds, const ScoreOptions& options,
                        const ServingFields& serving);

}  // namespace estoc::api
