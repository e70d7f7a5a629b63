// GET /v1/models and GET /v1/models/{id}
#include "api/endpoints.h"
#include "base/json.h"

namespace estoc::api {
namespace {

const char* task_name(ModelTask task) {
  switch (task) {
    case ModelTask::generate:
      return "generate";
    case ModelTask::embed:
      return "embed";
    case ModelTask::score:
      return "score";
  }
  return "";
}

Json model_card(const ServedModel& model) {
  Json meta;
  meta.set("n_vocab", model.info.vocab);
  meta.set("n_ctx_train", model.info.context_max);
  meta.set("n_embd", model.info.hidden);
  meta.set("n_params", model.info.parameter_count);
  meta.set("size", model.info.weight_bytes);
  Json card;
  card.set("id", model.name);
  card.set("object", "model");
  card.set("created", model.created);
  card.set("owned_by", "estoc");
  card.set("root", model.name);
  card.set("parent", {});
  card.set("max_model_len", model.context);
  card.set("architecture", model.info.architecture);
  card.set("task", task_name(model.task()));
  if (model.task() == ModelTask::embed) card.set("dimensions", model.encoder->info().outputs);
  card.set("meta", std::move(meta));
  return card;
}

}  // namespace

Answer list_models(const Models& models, const Call&) {
  Json::Array cards;
  for (const ServedModel& model : models.list()) cards.push_back(model_card(model));
  Json list;
  list.set("object", "list");
  list.set("data", Json(std::move(cards)));
  return Reply{200, to_json(list), {}};
}

Answer show_model(const Models& models, const Call& call) {
  return Reply{200, to_json(model_card(models.named(call.argument))), {}};
}

}  // namespace estoc::api
