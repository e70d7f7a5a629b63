#include "api/pick_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/errors.h"

namespace estoc::api {
namespace {

bool generates(const ServedModel& model) { return model.task() == ModelTask::generate; }
bool embeds(const ServedModel& model) { return model.task() == ModelTask::embed; }
bool scores(const ServedModel& model) { return model.task() == ModelTask::score; }
bool compares(const ServedModel& model) { return embeds(model) || scores(model); }

// What a model does, and where to ask it.
const char* what_it_does(ModelTask task) {
  switch (task) {
    case ModelTask::generate:
      return "generates text: ask /v1/chat/completions or /v1/completions";
    case ModelTask::embed:
      return "makes vectors of texts: ask /v1/embeddings, /v1/rerank or /v1/score";
    case ModelTask::score:
      return "scores pairs of texts: ask /v1/rerank or /v1/score";
  }
  return "";
}

[[noreturn]] void refuse(const std::string& message) {
  throw ApiError(ErrorCode::unsupported, message, "model", "model_not_supported");
}

// `does` says whether a model can; `work` is what nobody can, for the message.
const ServedModel& pick(Fields& fields, const Models& models, bool (*does)(const ServedModel&), const char* work) {
  if (const auto name = fields.string("model")) {
    const ServedModel& model = models.named(*name);
    if (does(model)) return model;
    refuse(fmt::format("model \"{}\" cannot {}; it {}", model.name, work, what_it_does(model.task())));
  }
  const auto first = std::ranges::find_if(models.list(), does);
  if (first != models.list().end()) return *first;
  const ServedModel& other = models.default_model();
  refuse(fmt::format("no model served here can {}; \"{}\" {}", work, other.name, what_it_does(other.task())));
}

}  // namespace

const ServedModel& pick_generator(Fields& fields, const Models& models) {
  return pick(fields, models, generates, "generate text");
}

const ServedModel& pick_embedder(Fields& fields, const Models& models) {
  return pick(fields, models, embeds, "make vectors of texts");
}

const ServedModel& pick_scorer(Fields& fields, const Models& models) {
  const bool has_scorer = std::ranges::any_of(models.list(), scores);
  const bool is_named = fields.find("model") != nullptr;
  return pick(fields, models, has_scorer && !is_named ? scores : compares, "compare texts");
}

}  // namespace estoc::api
