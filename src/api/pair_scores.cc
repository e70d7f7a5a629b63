#include "api/pair_scores.h"

#include <fmt/format.h>

#include <cmath>

#include "api/vector_text.h"
#include "base/check.h"
#include "base/error.h"

namespace estoc::api {
namespace {

float sigmoid(float logit) { return static_cast<float>(1 / (1 + std::exp(-double(logit)))); }

// The texts themselves, and the cosines of their vectors.
ScoreJob by_vectors(const ServedModel& model, const std::vector<GivenText>& firsts,
                    const std::vector<GivenText>& seconds, const ScoreOptions& options, const ServingFields& serving) {
  JobTexts texts(model, options.cut);
  for (const GivenText& text : firsts) texts.add(text.text, text.path);
  for (const GivenText& text : seconds) texts.add(text.text, text.path);
  const auto outputs = static_cast<size_t>(model.encoder->info().outputs);
  const size_t first_count = firsts.size(), count = seconds.size(), tokens = texts.token_count();
  return {texts.take_job(serving, seconds.front().path), tokens, [=](std::span<const float> results) {
            std::vector<float> scores;
            for (size_t i = 0; i < count; ++i) {
              const size_t first = first_count == 1 ? 0 : i;
              scores.push_back(cosine(results.subspan(first * outputs, outputs),
                                      results.subspan((first_count + i) * outputs, outputs)));
            }
            return scores;
          }};
}

ScoreJob by_pairs(const ServedModel& model, const std::vector<GivenText>& firsts, const std::vector<GivenText>& seconds,
                  const ScoreOptions& options, const ServingFields& serving) {
  if (const int labels = model.encoder->info().outputs; labels != 1) {
    throw Error(ErrorCode::unsupported,
                fmt::format("model \"{}\" has {} labels; a score is made of one only", model.name, labels), "model");
  }
  JobTexts texts(model, options.cut);
  for (size_t i = 0; i < seconds.size(); ++i) {
    texts.add_pair(firsts[firsts.size() == 1 ? 0 : i].text, seconds[i].text, seconds[i].path);
  }
  const size_t tokens = texts.token_count();
  return {texts.take_job(serving, seconds.front().path), tokens,
          [is_raw = options.is_raw](std::span<const float> results) {
            std::vector<float> scores;
            for (const float logit : results) scores.push_back(is_raw ? logit : sigmoid(logit));
            return scores;
          }};
}

}  // namespace

GivenText read_given_text(const Json& value, std::string path) {
  if (value.is_string()) return {value.as_string(), std::move(path)};
  if (!value.is_object()) {
    refuse_field(path, fmt::format("expected a string or an object with text, got {}", value.type_name()));
  }
  const Json* text = value.find("text");
  if (text == nullptr || !text->is_string()) refuse_field(path + ".text", "expected a string");
  return {text->as_string(), path + ".text"};
}

ScoreOptions read_score_options(Fields& fields, const ServedModel& model) {
  const bool is_raw = fields.boolean("raw_scores").value_or(false);
  const auto activation = fields.boolean("activation"), use_activation = fields.boolean("use_activation");
  return {.is_raw = is_raw || !use_activation.value_or(activation.value_or(true)), .cut = read_text_cut(fields, model)};
}

ScoreJob make_score_job(const ServedModel& model, const std::vector<GivenText>& firsts,
                        const std::vector<GivenText>& seconds, const ScoreOptions& options,
                        const ServingFields& serving) {
  ESTOC_CHECK(!seconds.empty() && (firsts.size() == 1 || firsts.size() == seconds.size()));
  return model.task() == ModelTask::embed ? by_vectors(model, firsts, seconds, options, serving)
                                          : by_pairs(model, firsts, seconds, options, serving);
}

}  // namespace estoc::api
