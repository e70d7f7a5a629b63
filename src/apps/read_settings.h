// The text of flags to the typed settings of serving/, and back to words.
// Pure functions. Errors: Error{invalid_argument} that names the flag.
#pragma once

#include <string>

#include "apps/named_model.h"
#include "apps/options.h"
#include "serving/model_plan.h"
#include "serving/model_settings.h"
#include "serving/runtime.h"

namespace estoc {

ModelSettings read_model_settings(const NamedModel& model, const ModelOptionValues& options);
RuntimeSettings read_runtime_settings(const ModelOptionValues& options);

// How the plan's bytes for keys and values were found: "64 contexts".
std::string kv_reason_text(const ModelPlan& plan);

}  // namespace estoc
