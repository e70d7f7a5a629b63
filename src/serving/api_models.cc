#include "serving/api_models.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace estoc {
namespace {

api::ServedModel view_of(const Served& served, const std::string& version) {
  api::ServedModel view;
  view.name = served.name;
  // What decides the bits of an answer, besides the model.
  view.fingerprint = "estoc-" + version + "-" + kernels::table().name + "-" + compute_name(served.settings.compute);
  if (served.weights.divergence) view.fingerprint += "-" + served.weights.type;
  for (const api::PlaceMemory& part : served.memory) {
    if (part.place != "cpu") view.fingerprint += "-" + part.place;
  }
  view.created = served.created;
  view.context = served.engine->config().context;
  view.info = served.model->info();
  view.memory = served.memory;
  view.weights = served.weights;
  view.defaults = served.checkpoint.defaults;
  view.tokenizer = served.checkpoint.tokenizer.get();
  view.text_bytes_max = api::longest_text_bytes(*view.tokenizer, view.context);
  view.prompts = served.checkpoint.prompts.get();
  view.constraints = served.constraints.get();
  view.set_dialect(served.dialect);
  return view;
}

// What is said of an encoder beside what all models have.
ModelInfo info_of(const EncoderInfo& encoder) {
  ModelInfo info;
  info.family = encoder.family;
  info.architecture = encoder.architecture;
  info.layers = encoder.layers;
  info.hidden = encoder.hidden;
  info.vocab = encoder.vocab;
  info.context_max = encoder.tokens_max;
  info.parameter_count = encoder.parameter_count;
  info.weight_bytes = encoder.weight_bytes;
  return info;
}

api::ServedModel view_of(const ServedEncoder& served) {
  api::ServedModel view;
  view.name = served.name;
  view.created = served.created;
  view.context = served.engine->tokens_max();
  view.info = info_of(served.encoder->info());
  view.memory = {{.place = "cpu", .weights = view.info.weight_bytes}};
  view.weights.type = weight_type_name(served.settings.weights.value_or(WeightType::as_stored));
  view.tokenizer = served.checkpoint.tokenizer.get();
  view.text_bytes_max = api::longest_text_bytes(*view.tokenizer, view.context);
  view.encoder = served.engine.get();
  return view;
}

}  // namespace

std::vector<api::ServedModel> ApiModels::views(const Runtime& runtime, const std::string& version) {
  std::vector<api::ServedModel> views;
  for (const auto& served : runtime.models()) {
    views.push_back(view_of(*served, version));
    views.back().generator = &generators_.emplace_back(*served->engine);
  }
  for (const auto& served : runtime.encoders()) views.push_back(view_of(*served));
  const auto place = [&](const api::ServedModel& view) { return std::ranges::find(runtime.names(), view.name); };
  std::ranges::sort(views, {}, place);
  return views;
}

ApiModels::ApiModels(const Runtime& runtime, const std::string& version) : list_(views(runtime, version)) {}

}  // namespace estoc
