// GET /livez, /readyz and /health
#include "api/endpoints.h"
#include "api/errors.h"

namespace estoc::api {

// The process answers: nothing to restart, also while it drains.
Answer live(const Models&, const Call&) { return Reply{200, R"({"status":"ok"})", {}}; }

// New requests are welcome, whichever model they name: a server listens when all are loaded, and they stop together.
Answer ready(const Models&, const Call& call) {
  if (call.is_stopping) return error_reply(503, "the server is stopping", {}, "stopping");
  return Reply{200, R"({"status":"ok"})", {}};
}

}  // namespace estoc::api
