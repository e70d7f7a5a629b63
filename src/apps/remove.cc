// `estoc rm REF`: removes what this program has fetched, or, after a question, what lies in a cache that other programs
// use too. What belongs to another program it leaves alone.
#include <fmt/format.h>
#include <unistd.h>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/line_input.h"
#include "apps/named_model.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/format_bytes.h"

namespace estoc {
namespace {

bool is_agreed(const std::vector<LocalModel>& models) {
  if (::isatty(STDIN_FILENO) != 1) {
    fail(ErrorCode::invalid_argument, "{} is in the {}, which other programs use too; --yes removes it",
         models.front().name, place_name(models.front().place));
  }
  for (const LocalModel& model : models) {
    write_note(fmt::format("{} ({}, {})\n", model.name, model.format, format_bytes(model.bytes)));
  }
  LineInput input(stderr, fmt::format("Remove from the {}, which other programs use too? [y/N] ",
                                      place_name(models.front().place)));
  const std::optional<std::string> answer = input.read();
  return answer && (*answer == "y" || *answer == "Y" || *answer == "yes");
}

}  // namespace

int remove(const RemoveOptionValues& options) {
  const HubSettings settings = hub_settings();
  const ModelRef ref = parse_model_ref(options.model, settings.hugging_face.text());
  const std::vector<LocalModel> models = models_to_remove(settings, ref);
  if (!options.is_agreed && is_shared(models) && !is_agreed(models)) {
    write_note("estoc: nothing was removed\n");
    return kExitRefused;
  }
  write_output(fmt::format("removed {}: {} are free again\n", ref.text, format_bytes(remove_models(settings, ref))));
  return kExitDone;
}

}  // namespace estoc
