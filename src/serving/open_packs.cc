#include "serving/open_packs.h"

#include "base/home_folders.h"

namespace estoc {

std::unique_ptr<PackCache> open_packs(const ModelSettings& settings, const WeightSource& weights, ThreadTeam& team) {
  // Less than this is packed in the time it takes to find the file (some 50 ms on two cores).
  constexpr uint64_t kWorthKeeping = 64 << 20;
  if (settings.pack_place == PackPlace::nowhere || settings.compute != ComputeMode::fast) return nullptr;
  PackCacheOptions options{settings.pack_directory, 0};
  if (settings.pack_place == PackPlace::cache) options = {cache_directory() + "/packed", kWorthKeeping};
  return std::make_unique<PackCache>(std::move(options), weights, team);
}

}  // namespace estoc
