// `estoc pull REF...`: fetches models, or what has changed of them, into the caches that their own tools use, and
// prints where each is.
#include <fmt/format.h>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/named_model.h"
#include "apps/standard_streams.h"

namespace estoc {

int pull(const PullOptionValues& options) {
  const HubSettings settings = hub_settings();
  std::vector<ModelRef> refs;  // a wrong name is told before anything is fetched
  for (const std::string& model : options.models) {
    refs.push_back(parse_model_ref(model, settings.hugging_face.text()));
  }
  for (const ModelRef& ref : refs) write_output(pull_told(settings, ref).path + "\n");
  return kExitDone;
}

}  // namespace estoc
