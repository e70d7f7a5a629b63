// GET /v1/models and GET /v1/models/{id}
#include <fmt/format.h>

#include "api/endpoints.h"
#include "api/errors.h"
#include "base/json.h"

namespace estoc::api {
namespace {

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
  card.set("meta", std::move(meta));
  return card;
}

}  // namespace

Answer list_models(const ServedModel& model, const Call&) {
  Json list;
  list.set("object", "list");
  list.set("data", Json(Json::Array{model_card(model)}));
  return Reply{200, to_json(list), {}};
}

Answer show_model(const ServedModel& model, const Call& call) {
  if (call.argument == model.name) return Reply{200, to_json(model_card(model)), {}};
  throw ApiError(ErrorCode::not_found,
                 fmt::format("model \"{}\" is not served here; the model is \"{}\"", call.argument, model.name),
                 "model", "model_not_found");
}

}  // namespace estoc::api
