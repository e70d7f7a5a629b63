// GET /livez, /readyz and /health
#include <fmt/format.h>

#include "api/endpoints.h"
#include "api/errors.h"

namespace estoc::api {

// The process answers: nothing to restart, also while it drains.
Answer live(const Models&, const Call&) { return Reply{200, R"({"status":"ok"})", {}}; }

// New requests are welcome, whichever model they name: a server listens when all are loaded, and they stop together, as
// they do when one of them has lost its device.
Answer ready(const Models& models, const Call& call) {
  if (call.is_stopping) return error_reply(503, "the server is stopping", {}, "stopping");
  for (const ServedModel& model : models.list()) {
    if (model.generator != nullptr && model.generator->stats().is_lost) {
      return error_reply(503, fmt::format("the device that computes \"{}\" is lost", model.name), {}, "device_lost");
    }
  }
  Json::Array list;
  for (const ServedModel& model : models.list()) {
    Json entry{Json::Object()};
    entry.set("name", model.name);
    entry.set("weights", model.weights.type);
    if (model.weights.divergence) entry.set("divergence", *model.weights.divergence);
    list.push_back(std::move(entry));
  }
  Json body{Json::Object()};
  body.set("status", "ok");
  body.set("models", std::move(list));
  return Reply{200, to_json(body), {}};
}

}  // namespace estoc::api
