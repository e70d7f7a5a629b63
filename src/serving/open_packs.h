// Where a model's packed weights are kept between starts, as its settings say.
// Errors: none (packs/pack_cache.h). Threads: as PackCache.
#pragma once

#include <memory>

#include "base/thread_team.h"
#include "packs/pack_cache.h"
#include "serving/model_settings.h"
#include "weights/weight_source.h"

namespace estoc {

// Null when nothing is kept.
std::unique_ptr<PackCache> open_packs(const ModelSettings& settings, const WeightSource& weights, ThreadTeam& team);

}  // namespace estoc
