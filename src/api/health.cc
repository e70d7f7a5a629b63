// GET /health
#include "api/endpoints.h"
#include "api/errors.h"

namespace estoc::api {

Answer health(const ServedModel&, const Call& call) {
  if (call.is_stopping) return error_reply(503, "the server is stopping");
  return Reply{200, R"({"status":"ok"})", {}};
}

}  // namespace estoc::api
