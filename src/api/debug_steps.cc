// GET /debug/steps: what the last steps of each model's engine planned, how long they were foreseen to take and took.
// Only where it was asked for (EngineConfig::steps_kept): it tells of everybody's load.
#include "api/endpoints.h"
#include "api/errors.h"
#include "base/json.h"

namespace estoc::api {
namespace {

Json step_json(const StepRecord& record) {
  Json json;
  json.set("step", record.number);
  json.set("sequences", record.sequences);
  json.set("decodes", record.decodes);
  json.set("rows", record.work.rows);
  json.set("logit_rows", record.work.logit_rows);
  json.set("positions_read", record.work.read);
  json.set("running", record.running);
  json.set("waiting", record.waiting);
  json.set("foreseen_ms", 1e3 * record.foreseen_s);
  json.set("took_ms", 1e3 * record.took_s);
  return json;
}

}  // namespace

Answer debug_steps(const Models& models, const Call&) {
  Json::Array all;
  for (const ServedModel& model : models.list()) {
    const auto records = model.generator == nullptr ? std::nullopt : model.generator->last_steps();
    if (!records) continue;
    Json::Array steps;
    for (const StepRecord& record : *records) steps.push_back(step_json(record));
    Json json;
    json.set("model", model.name);
    json.set("steps", std::move(steps));
    all.push_back(std::move(json));
  }
  if (all.empty()) return error_reply(404, "no steps are kept; start the server with --debug-steps N", {}, "not_found");
  Json json;
  json.set("models", std::move(all));
  return Reply{200, to_json(json), {}};
}

}  // namespace estoc::api
