// POST /v1/score and /score: what one text has to do with another, or with each of several.
#include <fmt/format.h>

#include <span>

#include "api/encoding.h"
#include "api/endpoints.h"
#include "api/pair_scores.h"
#include "api/pick_model.h"
#include "api/vector_text.h"
#include "base/json.h"

namespace estoc::api {
namespace {

// A text or a list of texts.
std::vector<GivenText> read_texts(Fields& fields, const char* name) {
  const Json* value = fields.find(name);
  if (value == nullptr) fields.refuse(name, "missing");
  if (!value->is_array()) return {read_given_text(*value, fields.path(name))};
  const Json::Array& items = *fields.array(name, limits::kTextsMax);
  if (items.empty()) fields.refuse(name, "expected at least one text");
  std::vector<GivenText> texts;
  for (size_t i = 0; i < items.size(); ++i) {
    texts.push_back(read_given_text(items[i], fmt::format("{}[{}]", fields.path(name), i)));
  }
  return texts;
}

struct ScoreFormat {
  std::string id, model;
  int64_t created = 0;
  size_t tokens = 0;

  std::string write(const std::vector<float>& scores) const {
    std::string out = R"({"id":)";
    append_json_string(out, id);
    out += fmt::format(R"(,"object":"list","created":{},"model":)", created);
    append_json_string(out, model);
    out += R"(,"data":[)";
    for (size_t i = 0; i < scores.size(); ++i) {
      out += fmt::format(R"({}{{"index":{},"object":"score","score":)", i == 0 ? "" : ",", i);
      append_number(out, scores[i]);
      out += '}';
    }
    out += fmt::format(R"(],"usage":{{"prompt_tokens":{0},"total_tokens":{0},"completion_tokens":0}}}})", tokens);
    return out;
  }
};

}  // namespace

Answer score(const Models& models, const Call& call) {
  const Json body = parse_body(call.body);
  Fields fields(body);
  const ServedModel& model = pick_scorer(fields, models);
  const ServingFields serving = read_serving_fields(fields, call);
  const ScoreOptions options = read_score_options(fields, model);
  const std::vector<GivenText> firsts = read_texts(fields, "text_1"), seconds = read_texts(fields, "text_2");
  if (firsts.size() != 1 && firsts.size() != seconds.size()) {
    fields.refuse("text_1", fmt::format("expected one text or as many as text_2 has ({}), got {}", seconds.size(),
                                        firsts.size()));
  }
  fields.log_unread("/v1/score");
  ScoreJob job = make_score_job(model, firsts, seconds, options, serving);
  ScoreFormat format{"score-" + call.id, model.name, call.now, job.tokens};
  return std::make_unique<Encoding>(model, std::move(job.job),
                                    [format = std::move(format), scores = std::move(job.scores)](
                                        std::span<const float> results) { return format.write(scores(results)); });
}

}  // namespace estoc::api
