#include "apps/load_models.h"

#include "apps/progress_bar.h"

namespace estoc {

Runtime load_models(const RuntimeSettings& settings, const std::vector<ModelSettings>& models) {
  std::string shown;
  std::unique_ptr<ProgressBar> bar;
  return Runtime(settings, models, [&](const std::string& name, uint64_t done, uint64_t total) {
    if (name != shown) {
      bar = std::make_unique<ProgressBar>("loading " + name);
      shown = name;
    }
    bar->update(done, total);
  });
}

}  // namespace estoc
