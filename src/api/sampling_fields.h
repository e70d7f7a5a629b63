// The fields both generating endpoints share: how to sample, when to stop, how to answer.
//
// Precedence: the request, then the model's generation defaults, then OpenAI's defaults.
// Errors: throws Error{invalid_argument} with the field's path.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/fields.h"
#include "api/served_model.h"
#include "api/serving_fields.h"
#include "api/stop_matcher.h"
#include "base/json.h"
#include "sampling/params.h"
#include "sampling/token_constraint.h"

namespace estoc::api {

struct GenerationFields : ServingFields {
  SamplingParams sampling;        // `logprobs` is left to the endpoint
  std::optional<int> tokens_max;  // from `max_tokens`, the context at most; the endpoint has its own default
  int tokens_min = 0;
  std::shared_ptr<const TokenConstraint> constraint;  // what answers keep to; left to the endpoint
  SharedList<TokenId> stop_tokens;
  StopStrings stops;
  bool ignore_end = false;
  bool include_stop = false;  // stop strings stay in the text
  bool skip_special = true;
  int choices = 1;  // `n`
  bool is_stream = false;
  bool include_usage = false;    // a last chunk with the usage
  bool include_timings = false;  // where the time went
  std::string cache_salt;
};

GenerationFields read_generation_fields(Fields& fields, const ServedModel& model, const Call& call,
                                        int tokens_max_least);

// A number of tokens of at least `least`, the context at most; -1, which some clients send for "no limit", is the
// context.
std::optional<int> read_tokens_max(Fields& fields, std::string_view name, int least, const ServedModel& model);

// A JSON array of at most `count_max` token ids; throws with the path of the wrong element.
std::vector<TokenId> read_token_ids(const Json& value, const std::string& path, const ServedModel& model,
                                    size_t count_max);

}  // namespace estoc::api
